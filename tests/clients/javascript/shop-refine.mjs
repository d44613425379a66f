// A session with refine's data provider for Supabase, unchanged, without a browser.
//
// Usage: node shop-refine.mjs ORIGIN, with tokens by name as JSON in the environment variable TOKENS.

import assert from "node:assert/strict";
import { createClient, dataProvider } from "@refinedev/supabase";
import { bearer, origin, passesPreflights, step, tokens } from "./steps.mjs";

const as = (who) =>
  dataProvider(createClient(origin, tokens.anon, {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
    realtime: { transport: globalThis.WebSocket ?? class {} },
    global: { headers: bearer(who) },
  }));
const nobody = as("anon");
const anna = as("anna");
const service = as("service");
const filter = (field, operator, value) => ({ field, operator, value });
const ids = ({ data }) => data.map(({ id }) => id);

// Lists.

await step("a list with its total", async () => {
  const { data, total } = await nobody.getList({
    resource: "products",
    pagination: { currentPage: 2, pageSize: 3, mode: "server" },
    sorters: [{ field: "price", order: "desc" }],
  });
  assert.deepEqual([ids({ data }), total], [[2], 4]);
});
await step("a list without pages", async () => {
  const { data, total } = await nobody.getList({ resource: "products", pagination: { mode: "off" } });
  assert.deepEqual([data.length, total], [4, 4]);
});
await step("a page past the end", () =>
  assert.rejects(nobody.getList({ resource: "products", pagination: { currentPage: 3, pageSize: 10 } }), { code: "PGRST103" }));
await step("filters", async () => {
  const found = async (...filters) =>
    ids(await nobody.getList({ resource: "products", filters, sorters: [{ field: "id", order: "asc" }] }));
  assert.deepEqual(await found(filter("name", "eq", "Candle")), [2]);
  assert.deepEqual(await found(filter("name", "ne", "Candle"), filter("price", "lte", 40)), [1, 3]);
  assert.deepEqual(await found(filter("price", "between", [10, 50])), [1, 3]);
  assert.deepEqual(await found(filter("name", "contains", "LAMP")), [1]);
  assert.deepEqual(await found(filter("name", "containss", "lamp")), [1]);
  assert.deepEqual(await found(filter("name", "ncontains", "%l%")), [3]);
  assert.deepEqual(await found(filter("name", "startswith", "ship")), [4]);
  assert.deepEqual(await found(filter("name", "endswith", "bell")), [4]);
  assert.deepEqual(await found(filter("id", "in", [1, 3, 5])), [1, 3]);
  assert.deepEqual(await found(filter("id", "nin", "(1,3)")), [2, 4]);
  assert.deepEqual(await found(filter("tags", "ina", ["light"])), [1, 2]);
  assert.deepEqual(await found(filter("tags", "nina", ["light"])), [3, 4]);
  assert.deepEqual(await found(filter("details", "null")), [3, 4]);
  assert.deepEqual(await found(filter("details", "nnull", null)), [1, 2]);
  const either = [
    filter("price", "lt", 5), filter("name", "contains", "10 m"), filter("tags", "ina", ["brass"]), filter("id", "in", [5]),
  ];
  assert.deepEqual(await found({ operator: "or", value: either }), [1, 2, 3, 4]);
});
await step("relations", async () => {
  const { data } = await anna.getList({
    resource: "orders",
    filters: [filter("products.name", "eq", "Candle")],
    sorters: [{ field: "id", order: "desc" }],
    meta: { select: "id, customers(name), products!inner(name)" },
  });
  assert.deepEqual(data, [{ id: 1, customers: { name: "Anna" }, products: [{ name: "Candle" }] }]);
});
await step("sorted by a relation", async () => {
  const { data } = await anna.getList({
    resource: "order_lines",
    filters: [filter("order_id", "eq", 1)],
    sorters: [{ field: "products.price", order: "asc" }],
  });
  assert.deepEqual(data.map(({ product_id, products }) => [product_id, products.price]), [[1, 40], [2, 2.5]]);
});
await step("another schema", async () => {
  const { data } = await service.getList({ resource: "shelves", meta: { schema: "warehouse", select: "label" } });
  assert.deepEqual(data.map(({ label }) => label).sort(), ["A1", "A2"]);
});

// One and many.

await step("one", async () => {
  assert.equal((await nobody.getOne({ resource: "products", id: 3 })).data.name, "Rope, 10 m");
  assert.equal((await anna.getOne({ resource: "orders", id: 3 })).data, undefined);
});
await step("one by a key of another name", async () => {
  const { data } = await service.getOne({ resource: "costs", id: 2, meta: { idColumnName: "product_id" } });
  assert.deepEqual(data, { product_id: 2, cost: 0.8 });
});
await step("many", async () => {
  assert.deepEqual(ids(await nobody.getMany({ resource: "products", ids: [1, 4, 5] })).sort(), [1, 4]);
});

// Writes. What is made here is gone at the end.

let created;
await step("create", async () => {
  const variables = { name: "Compass", price: 20, tags: ["brass"] };
  const { data } = await service.create({ resource: "products", variables });
  assert.deepEqual([data.name, data.tags, data.active], ["Compass", ["brass"], true]);
  created = data.id;
});
let order;
await step("create with a relation", async () => {
  order = (await anna.create({ resource: "orders", variables: { note: "By refine" } })).data.id;
  const { data } = await anna.create({
    resource: "order_lines",
    variables: { order_id: order, product_id: 2 },
    meta: { select: "quantity, products(name)" },
  });
  assert.deepEqual(data, { quantity: 1, products: { name: "Candle" } });
});
await step("create many", async () => {
  const { data } = await service.createMany({
    resource: "products",
    variables: [{ name: "Compass rose", price: 3 }, { name: "Compass box", price: 7 }],
  });
  assert.deepEqual(data.map(({ price }) => price), [3, 7]);
});
await step("update", async () => {
  const { data } = await service.update({ resource: "products", id: created, variables: { stock: 4 } });
  assert.deepEqual([data.id, data.stock], [created, 4]);
  const line = await anna.update({
    resource: "order_lines", id: order, variables: { quantity: 3 }, meta: { idColumnName: "order_id", select: "quantity" },
  });
  assert.deepEqual(line.data, { quantity: 3 });
});
await step("update many", async () => {
  const { data } = await service.updateMany({ resource: "products", ids: [created, created + 1], variables: { stock: 6 } });
  assert.deepEqual(data.map(({ id, stock }) => [id, stock]), [[created, 6], [created + 1, 6]]);
});
await step("delete", async () => {
  await anna.deleteOne({ resource: "orders", id: order });
  assert.equal((await service.deleteOne({ resource: "products", id: created })).data, undefined);
  assert.equal((await service.getOne({ resource: "products", id: created })).data, undefined);
});
await step("delete many", async () => {
  const made = [created + 1, created + 2];
  await service.deleteMany({ resource: "products", ids: made });
  assert.deepEqual(ids(await service.getMany({ resource: "products", ids: made })), []);
});

// Refusals, as refine shows them.

await step("what is denied", async () => {
  await assert.rejects(nobody.getList({ resource: "costs" }), { code: "42501", message: "permission denied for table costs" });
  await assert.rejects(nobody.create({ resource: "orders", variables: { note: "x" } }), { code: "42501" });
  await assert.rejects(anna.create({ resource: "costs", variables: { product_id: 3, cost: 1 } }), { code: "42501" });
});
await step("an unknown column", async () => {
  await assert.rejects(nobody.getList({ resource: "products", sorters: [{ field: "titel", order: "asc" }] }), { code: "42703" });
  await assert.rejects(nobody.getOne({ resource: "products", id: 1, meta: { select: "titel" } }), { code: "42703" });
  await assert.rejects(service.create({ resource: "products", variables: { titel: 1 } }), { code: "PGRST204" });
});
await step("constraints", async () => {
  const refuses = (variables, code) => assert.rejects(service.create({ resource: "products", variables }), { code });
  await refuses({ name: "Candle", price: 1 }, "23505");
  await refuses({ name: "Air", price: 0 }, "23514");
  await refuses({ name: "Air" }, "23502");
  await assert.rejects(service.deleteOne({ resource: "products", id: 1 }), { code: "23503" });
});
await step("a browser would send it all", () => passesPreflights("products"));
