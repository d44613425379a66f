INSERT INTO customers (id, name, email, address) VALUES
  ('aaaaaaaa-0000-4000-8000-000000000001', 'Anna', 'anna@shop.example', '{"city": "Bergen", "lines": ["Pier 4"]}'),
  ('bbbbbbbb-0000-4000-8000-000000000002', 'Bert', 'bert@shop.example', NULL);
INSERT INTO products (id, name, price, stock, tags, details, active) VALUES
  (1, 'Oil lamp', 40, 3, '{light,brass}', '{"height": 30, "parts": {"wick": "cotton"}}', true),
  (2, 'Candle', 2.5, 100, '{light}', '{"height": 12}', true),
  (3, 'Rope, 10 m', 12, 7, '{}', NULL, true),
  (4, 'Ship''s bell', 95, 1, '{brass}', NULL, true),
  (5, 'Old lamp', 15, 0, '{light}', NULL, false);
INSERT INTO orders (id, customer_id, status, placed_on, note) VALUES
  (1, 'aaaaaaaa-0000-4000-8000-000000000001', 'sent', '2026-01-05', NULL),
  (2, 'aaaaaaaa-0000-4000-8000-000000000001', 'open', '2026-02-01', 'As a gift'),
  (3, 'bbbbbbbb-0000-4000-8000-000000000002', 'paid', '2026-02-03', NULL);
INSERT INTO order_lines (order_id, product_id, quantity) VALUES (1, 1, 1), (1, 2, 10), (2, 4, 1), (3, 2, 4), (3, 3, 2);
INSERT INTO costs (product_id, cost) VALUES (1, 18), (2, 0.8);
INSERT INTO warehouse.shelves (id, label, product_id) VALUES (1, 'A1', 1), (2, 'A2', NULL);
SELECT setval(pg_get_serial_sequence('products', 'id'), 100), setval(pg_get_serial_sequence('orders', 'id'), 100),
       setval(pg_get_serial_sequence('warehouse.shelves', 'id'), 100);
