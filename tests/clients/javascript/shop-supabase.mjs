// A session with @supabase/supabase-js, unchanged, against a database as Supabase sets one up.
//
// Usage: node shop-supabase.mjs ORIGIN, with tokens by name as JSON in the environment variable TOKENS.

import assert from "node:assert/strict";
import { createClient } from "@supabase/supabase-js";
import { answers, origin, passesPreflights, refuses, step, tokens } from "./steps.mjs";

const options = {
  auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
  realtime: { transport: globalThis.WebSocket ?? class {} },
};
const project = (key, more = {}) => createClient(origin, key, { ...options, ...more });
const anon = project(tokens.anon);
const service = project(tokens.service);
const signedIn = (who) => project(tokens.anon, { accessToken: async () => tokens[who] });
const anna = signedIn("anna");
const bert = signedIn("bert");

const ANNA = "aaaaaaaa-0000-4000-8000-000000000001";
const CLEO = "cccccccc-0000-4000-8000-000000000003";

// Lists.

await step("a list", () => answers(anon.from("products").select("id, name, price").lte("id", 2).order("id"), [
  { id: 1, name: "Oil lamp", price: 40.0 },
  { id: 2, name: "Candle", price: 2.5 },
]));
await step("all columns", () => answers(anon.from("products").select().eq("id", 1), [
  {
    id: 1, name: "Oil lamp", price: 40, stock: 3, tags: ["light", "brass"],
    details: { height: 30, parts: { wick: "cotton" } }, active: true,
  },
]));
await step("filters, an order, a page and a count", async () => {
  const { count } = await answers(
    anon.from("products").select("name", { count: "exact" })
      .gt("price", 2).or("tags.cs.{light},name.ilike.*bell*")
      .order("price", { ascending: false }).range(1, 2),
    [{ name: "Oil lamp" }, { name: "Candle" }],
    206,
  );
  assert.equal(count, 3);
});
await step("a first page of more is partial", async () => {
  const { count } = await answers(
    anon.from("products").select("id", { count: "exact" }).order("id").limit(1), [{ id: 1 }], 206);
  assert.equal(count, 4);
});
await step("a count alone", async () => {
  const { count } = await answers(anon.from("products").select("*", { count: "exact", head: true }).gt("stock", 1), null);
  assert.equal(count, 3);
});
await step("counts that are planned and estimated", async () => {
  for (const count of ["planned", "estimated"]) {
    const answer = await anon.from("products").select("id", { count }).limit(1);
    assert.equal(answer.error, null);
    assert.equal(typeof answer.count, "number");
  }
});
await step("filters on arrays, JSON, patterns and lists", async () => {
  const ids = (narrow) => narrow(anon.from("products").select("id")).order("id");
  await answers(ids((q) => q.contains("tags", ["brass"])), [{ id: 1 }, { id: 4 }]);
  await answers(ids((q) => q.overlaps("tags", ["light", "heavy"])), [{ id: 1 }, { id: 2 }]);
  await answers(ids((q) => q.contains("details", { height: 12 })), [{ id: 2 }]);
  await answers(ids((q) => q.eq("details->parts->>wick", "cotton")), [{ id: 1 }]);
  await answers(ids((q) => q.is("details", null)), [{ id: 3 }, { id: 4 }]);
  await answers(ids((q) => q.in("name", ["Rope, 10 m", "Ship's bell"])), [{ id: 3 }, { id: 4 }]);
  await answers(ids((q) => q.not("tags", "cs", "{light}")), [{ id: 3 }, { id: 4 }]);
  await answers(ids((q) => q.ilikeAnyOf("name", ["%LAMP", "candle"])), [{ id: 1 }, { id: 2 }]);
  await answers(ids((q) => q.textSearch("name", "lamp", { type: "websearch" })), [{ id: 1 }]);
});
await step("as CSV", () => answers(anon.from("products").select("id,name").eq("id", 3).csv(), 'id,name\n3,"Rope, 10 m"'));
await step("a computed field", () =>
  answers(anon.from("products").select("label").eq("id", 2).single(), { label: "Candle for 2.50" }));
await step("an enum and a date", () =>
  answers(anna.from("orders").select("id").eq("status", "open").gte("placed_on", "2026-02-01"), [{ id: 2 }]));

// Who asks decides.

await step("row-level security hides what is not sold", () => answers(anon.from("products").select().eq("id", 5), []));
await step("the service role sees past it", () =>
  answers(service.from("products").select("name").eq("id", 5), [{ name: "Old lamp" }]));
await step("anonymous callers have no orders", () => answers(anon.from("orders").select(), []));
await step("each user has her own", async () => {
  await answers(anna.from("orders").select("id").order("id"), [{ id: 1 }, { id: 2 }]);
  await answers(bert.from("orders").select("id"), [{ id: 3 }]);
});
await step("a token in the global headers", () =>
  answers(
    project(tokens.anon, { global: { headers: { Authorization: `Bearer ${tokens.bert}` } } }).from("orders").select("id"),
    [{ id: 3 }],
  ));
await step("many users at once", async () => {
  const asked = Array.from({ length: 30 }, (_, number) => [anon, anna, bert][number % 3]);
  const found = await Promise.all(asked.map((who) => who.from("orders").select("id").order("id")));
  found.forEach(({ data }, number) => assert.deepEqual(data, [[], [{ id: 1 }, { id: 2 }], [{ id: 3 }]][number % 3]));
});

// One.

await step("single", () =>
  answers(anna.from("customers").select("name, address->city").eq("id", ANNA).single(), { name: "Anna", city: "Bergen" }));
await step("single of none", () =>
  refuses(anna.from("customers").select().eq("name", "Bert").single(), { code: "PGRST116" }, 406));
await step("single of several", () =>
  refuses(anna.from("orders").select().single(), { code: "PGRST116", details: "The result contains 2 rows" }, 406));
await step("maybeSingle", async () => {
  await answers(anna.from("orders").select("note").eq("id", 2).maybeSingle(), { note: "As a gift" });
  await answers(anna.from("orders").select("note").eq("id", 3).maybeSingle(), null);
});

// Relations.

await step("to one, to many and through a junction", () =>
  answers(anna.from("orders").select("id, customers(name), order_lines(quantity), products(name)").eq("id", 2).single(), {
    id: 2,
    customers: { name: "Anna" },
    order_lines: [{ quantity: 1 }],
    products: [{ name: "Ship's bell" }],
  }));
await step("three levels", () =>
  answers(anna.from("customers").select("name, orders(id, order_lines(quantity, product:products(name)))")
    .order("id", { referencedTable: "orders" }).limit(1, { referencedTable: "orders" }).single(), {
    name: "Anna",
    orders: [{
      id: 1,
      order_lines: [
        { quantity: 1, product: { name: "Oil lamp" } },
        { quantity: 10, product: { name: "Candle" } },
      ],
    }],
  }));
await step("inner, filtered by what is embedded", () =>
  answers(anna.from("orders").select("id, products!inner(name)").eq("products.name", "Candle"), [
    { id: 1, products: [{ name: "Candle" }] },
  ]));
await step("hints: a column and a constraint", () =>
  answers(bert.from("orders").select("by:customers!customer_id(name), of:customers!orders_customer_id_fkey(name)"), [
    { by: { name: "Bert" }, of: { name: "Bert" } },
  ]));
await step("spread, and a count of children", () =>
  answers(bert.from("orders").select("id, ...customers(customer:name), order_lines(count)"), [
    { id: 3, customer: "Bert", order_lines: [{ count: 2 }] },
  ]));
await step("an order by what is embedded", () =>
  answers(anna.from("order_lines").select("quantity, products(name)").order("products(price)"), [
    { quantity: 10, products: { name: "Candle" } },
    { quantity: 1, products: { name: "Oil lamp" } },
    { quantity: 1, products: { name: "Ship's bell" } },
  ]));
await step("a view, and its relations", () =>
  answers(anna.from("order_totals").select("id, total, customers(name)").order("id"), [
    { id: 1, total: 65.0, customers: { name: "Anna" } },
    { id: 2, total: 95.0, customers: { name: "Anna" } },
  ]));

// Another schema.

await step("schema", () =>
  answers(service.schema("warehouse").from("shelves").select("label").order("id"), [{ label: "A1" }, { label: "A2" }]));
await step("a write into another schema", async () => {
  const shelves = service.schema("warehouse").from("shelves");
  await answers(shelves.insert({ label: "B1" }).select("label").single(), { label: "B1" }, 201);
  await answers(shelves.delete().eq("label", "B1"), null, 204);
});
await step("a function of another schema", () =>
  answers(anna.schema("warehouse").rpc("free_shelves").select("label"), [{ label: "A2" }]));
await step("a table is not found in another schema", () =>
  refuses(anon.from("shelves").select(), { code: "PGRST205" }, 404));
await step("a schema that is not served", () => refuses(service.schema("auth").from("x").select(), { code: "PGRST106" }, 406));
await step("a schema that the caller may not use", () =>
  refuses(anon.schema("warehouse").from("shelves").select(), { code: "42501" }, 401));

// Writes. What is made here is gone at the end.

let order;
await step("insert, with what the database fills in", async () => {
  const { data, error, status } = await anna.from("orders").insert({ note: "Ring twice" }).select().single();
  assert.equal(error, null);
  assert.equal(status, 201);
  assert.deepEqual([data.customer_id, data.status, data.note], [ANNA, "open", "Ring twice"]);
  order = data.id;
});
await step("insert several", () =>
  answers(
    anna.from("order_lines").insert([{ order_id: order, product_id: 1 }, { order_id: order, product_id: 2, quantity: 3 }], {
      defaultToNull: false,
    }).select("product_id, quantity, products(name)"),
    [
      { product_id: 1, quantity: 1, products: { name: "Oil lamp" } },
      { product_id: 2, quantity: 3, products: { name: "Candle" } },
    ],
    201,
  ));
await step("insert, returning nothing", () =>
  answers(anna.from("order_lines").insert({ order_id: order, product_id: 3 }), null, 201));
await step("update", () =>
  answers(anna.from("orders").update({ status: "paid" }).eq("id", order).select("status, customers(name)"), [
    { status: "paid", customers: { name: "Anna" } },
  ]));
await step("update, counted", async () => {
  const { count } = await answers(
    anna.from("order_lines").update({ quantity: 2 }, { count: "exact" }).eq("order_id", order), null, 204);
  assert.equal(count, 3);
});
await step("an update of another's rows finds none", () =>
  answers(anna.from("orders").update({ note: "mine" }).eq("id", 3).select(), []));
await step("upsert by key", async () => {
  const lines = [{ order_id: order, product_id: 1, quantity: 7 }, { order_id: order, product_id: 4, quantity: 1 }];
  await answers(anna.from("order_lines").upsert(lines).select("product_id, quantity").order("product_id"), [
    { product_id: 1, quantity: 7 },
    { product_id: 4, quantity: 1 },
  ], 201);
});
await step("upsert by another key, and ignoring duplicates", async () => {
  const bell = { name: "Ship's bell", price: 90 };
  const table = () => service.from("products");
  await answers(table().upsert(bell, { onConflict: "name" }).select("id, price"), [{ id: 4, price: 90 }], 200);
  await answers(table().upsert({ ...bell, price: 95 }, { onConflict: "name", ignoreDuplicates: true }).select(), [], 201);
  await answers(table().update({ price: 95 }).eq("id", 4), null, 204);
});
await step("delete and select", () =>
  answers(anna.from("order_lines").delete().match({ order_id: order, product_id: 4 }).select("quantity"), [{ quantity: 1 }]));
await step("delete, and what hangs on it", async () => {
  await answers(anna.from("orders").delete().eq("id", order), null, 204);
  await answers(service.from("order_lines").select().eq("order_id", order), []);
});
await step("a customer signs up and leaves", async () => {
  const cleo = signedIn("cleo");
  await answers(cleo.from("customers").insert({ name: "Cleo" }).select("id, name"), [{ id: CLEO, name: "Cleo" }], 201);
  await answers(cleo.from("customers").delete().eq("id", CLEO), null, 204);
});

// Functions.

await step("rpc of a scalar, and its defaults", async () => {
  await answers(anon.rpc("greet"), "Hello, you");
  await answers(anon.rpc("greet", { name: "Ada" }), "Hello, Ada");
  await answers(anon.rpc("greet", { greeting: "Ahoy", name: "Ada" }, { get: true }), "Ahoy, Ada");
});
await step("rpc tells who asks", async () => {
  await answers(anon.rpc("whoami"), { uid: null, role: "anon", email: null });
  await answers(anna.rpc("whoami"), { uid: ANNA, role: "authenticated", email: "anna@shop.example" });
  await answers(service.rpc("whoami", {}, { get: true }), { uid: null, role: "service_role", email: null });
});
await step("rpc of a set of rows, filtered, ordered and counted", async () => {
  const found = anon.rpc("search_products", { term: "a" }, { count: "exact" });
  const { count } = await answers(found.select("name, stock").gt("stock", 1).order("name").limit(1), [
    { name: "Candle", stock: 100 },
  ], 206);
  assert.equal(count, 2);
});
await step("rpc of a set of rows, by GET", () =>
  answers(anon.rpc("search_products", { term: "lamp", max_price: 50 }, { get: true }).select("name, order_lines(quantity)"), [
    { name: "Oil lamp", order_lines: [] },
  ]));
await step("rpc, one of its rows", () =>
  answers(anna.rpc("search_products", { term: "rope" }).select("name").single(), { name: "Rope, 10 m" }));
await step("rpc, counted alone", async () => {
  const { count } = await answers(anon.rpc("search_products", { term: "" }, { head: true, count: "exact" }), null);
  assert.equal(count, 4);
});
await step("rpc with an array for VARIADIC, and with OUT parameters", async () => {
  await answers(anon.rpc("sum_of", { numbers: [1, 2, 39] }), 42);
  await answers(anon.rpc("range_of_prices"), { lowest: 2.5, highest: 95.0 });
});
await step("rpc that writes, in one transaction", async () => {
  const lines = [{ product_id: 2, quantity: 5 }];
  const { data, error } = await anna.rpc("place_order", { lines, note: "By rpc" }).select("id, note, customers(name)");
  assert.equal(error, null);
  assert.deepEqual([data.note, data.customers], ["By rpc", { name: "Anna" }]);
  await answers(anna.from("order_lines").select("quantity").eq("order_id", data.id), [{ quantity: 5 }]);
  await answers(anna.from("orders").delete().eq("id", data.id), null, 204);
  await refuses(anna.rpc("place_order", { lines: [{ product_id: 2, quantity: 0 }] }), { code: "23514" }, 400);
  await answers(anna.from("orders").select("id").order("id"), [{ id: 1 }, { id: 2 }]);
});
await step("rpc of void", async () => {
  await answers(service.rpc("restock", { product: 3, amount: 1 }), null, 204);
  await answers(service.from("products").update({ stock: 7 }).eq("stock", 8).select("id"), [{ id: 3 }]);
});

// Refusals.

await step("rpc that the caller may not call", async () => {
  await refuses(anon.rpc("restock", { product: 3 }), { code: "42501" }, 401);
  await refuses(anna.rpc("restock", { product: 3 }), { code: "42501" }, 403);
});
await step("rpc of no function", () => refuses(anon.rpc("greeet"), { code: "PGRST202" }, 404));
await step("rpc with another argument", () => refuses(anon.rpc("greet", { nmae: "Ada" }), { code: "PGRST202" }, 404));
await step("rpc that raises", () =>
  refuses(anna.rpc("pay", { order_id: 2 }), {
    code: "PT402", message: "The card was declined", details: "order 2", hint: "Try another",
  }, 402));
await step("a table without a grant", async () => {
  await refuses(anon.from("costs").select(), { code: "42501", message: "permission denied for table costs" }, 401);
  await refuses(anna.from("costs").select(), { code: "42501", message: "permission denied for table costs" }, 403);
});
await step("a write against row-level security", async () => {
  const refusal = { code: "42501", message: 'new row violates row-level security policy for table "orders"' };
  await refuses(anna.from("orders").insert({ customer_id: CLEO }), refusal, 403);
  await refuses(anon.from("orders").insert({ customer_id: ANNA }), refusal, 401);
});
await step("an unknown table", () =>
  refuses(anon.from("product").select(), {
    code: "PGRST205",
    message: "Could not find the table 'public.product' in the schema cache",
    hint: "Perhaps you meant the table 'public.products'",
  }, 404));
await step("an unknown column", async () => {
  await refuses(anon.from("products").select("nam"), { code: "42703", message: "column products.nam does not exist" }, 400);
  await refuses(anon.from("products").select().eq("nam", 1), { code: "42703" }, 400);
  await refuses(anna.from("orders").insert({ nte: "x" }), {
    code: "PGRST204", message: "Could not find the 'nte' column of 'orders' in the schema cache",
  }, 400);
});
await step("an unknown relation", () =>
  refuses(anon.from("products").select("customers(name)"), { code: "PGRST200" }, 400));
await step("a value of another type", () =>
  refuses(anon.from("products").select().eq("id", "x"), {
    code: "22P02", message: 'invalid input syntax for type bigint: "x"',
  }, 400));
await step("constraints", async () => {
  await refuses(service.from("products").insert({ name: "Candle", price: 1 }), {
    code: "23505",
    message: 'duplicate key value violates unique constraint "products_name_key"',
    details: "Key (name)=(Candle) already exists.",
  }, 409);
  await refuses(service.from("products").insert({ name: "Air", price: 0 }), {
    code: "23514", message: 'new row for relation "products" violates check constraint "a_price_is_positive"',
  }, 400);
  await refuses(service.from("products").insert({ price: 1 }), { code: "23502" }, 400);
  await refuses(anna.from("order_lines").insert({ order_id: 1, product_id: 99 }), { code: "23503" }, 409);
  await refuses(service.from("products").delete().eq("id", 1), { code: "23503" }, 409);
});
await step("a page past the end", () =>
  refuses(anon.from("products").select("id", { count: "exact" }).range(10, 20), { code: "PGRST103" }, 416));
await step("an expired token", () => refuses(signedIn("expired").from("products").select(), { code: "PGRST303" }, 401));
await step("a forged key", () => refuses(project(tokens.forged).from("products").select(), { code: "PGRST301" }, 401));
await step("a key of the new kind, which is no token", () =>
  refuses(project("sb_publishable_0123456789").from("products").select(), { code: "PGRST301" }, 401));
await step("a key of the new kind, beside a user's token", () =>
  answers(project("sb_publishable_0123456789", { accessToken: async () => tokens.bert }).from("orders").select("id"), [{ id: 3 }]));
await step("a write without a filter", async () => {
  await refuses(service.from("products").update({ stock: 0 }), { code: "21000" }, 400);
  await refuses(service.from("products").delete(), { code: "21000" }, 400);
});
await step("a token for a role that the authenticator may not become", () =>
  refuses(project(tokens.postgres).from("products").select(), { code: "42501" }, 403));
await step("throwOnError", () =>
  assert.rejects(async () => anon.from("product").select().throwOnError(), { name: "PostgrestError", code: "PGRST205" }));
await step("a browser would send it all", () => passesPreflights("products"));
