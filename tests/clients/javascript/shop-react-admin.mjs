// A session with ra-data-postgrest, unchanged, and react-admin's own HTTP client, without a browser.
//
// Usage: node shop-react-admin.mjs ORIGIN, with tokens by name as JSON in the environment variable TOKENS.

import assert from "node:assert/strict";
import postgrest from "@raphiniert/ra-data-postgrest";
import { fetchUtils } from "ra-core";
import { bearer, passesPreflights, step, url } from "./steps.mjs";

const { default: postgrestProvider, defaultPrimaryKeys, defaultSchema } = postgrest;

const primaryKeys = new Map([
  ...defaultPrimaryKeys,
  ["order_lines", ["order_id", "product_id"]],
  ["costs", ["product_id"]],
  ["rpc/search_products", ["id"]],
]);

// As its documentation says to add a token: around fetchJson.
const as = (who) => {
  const httpClient = (target, options = {}) => {
    const headers = new Headers(options.headers);
    headers.set("Authorization", bearer(who).Authorization);
    return fetchUtils.fetchJson(target, { ...options, headers });
  };
  return postgrestProvider({ apiUrl: url, httpClient, defaultListOp: "eq", primaryKeys, schema: defaultSchema });
};
const nobody = postgrestProvider({
  apiUrl: url, httpClient: fetchUtils.fetchJson, defaultListOp: "eq", primaryKeys, schema: defaultSchema,
});
const anna = as("anna");
const service = as("service");

const page = (number, perPage) => ({ page: number, perPage });
const by = (field, order = "ASC") => ({ field, order });
const list = (provider, resource, params = {}) =>
  provider.getList(resource, { pagination: page(1, 25), sort: by("id"), filter: {}, ...params });
const ids = ({ data }) => data.map(({ id }) => id);

// Lists.

await step("a list with its total", async () => {
  const { data, total } = await list(nobody, "products", { pagination: page(2, 3), sort: by("price", "DESC") });
  assert.deepEqual([ids({ data }), total], [[2], 4]);
});
await step("a list of nothing", async () => {
  assert.deepEqual(await list(nobody, "orders"), { data: [], total: 0, meta: undefined });
});
await step("filters", async () => {
  const found = async (filter) => ids(await list(nobody, "products", { filter }));
  assert.deepEqual(await found({ name: "Candle" }), [2]);
  assert.deepEqual(await found({ "price@gte": 40, "stock@lt": 3 }), [4]);
  assert.deepEqual(await found({ "name@ilike": "LAMP" }), [1]);
  assert.deepEqual(await found({ "id@in": "(1,3)" }), [1, 3]);
  assert.deepEqual(await found({ "tags@cs": "{brass}" }), [1, 4]);
  assert.deepEqual(await found({ "details@is": "null" }), [3, 4]);
  assert.deepEqual(await found({ "@or": { "price@lt": 5, "price@gt": 90 } }), [2, 4]);
});
await step("sorted with nulls first", async () => {
  const { data } = await list(anna, "orders", { sort: by("note"), meta: { nullsfirst: true } });
  assert.deepEqual(ids({ data }), [1, 2]);
});
await step("columns and relations", async () => {
  const { data } = await list(anna, "orders", { filter: { id: 2 }, meta: { columns: ["id", "note"], embed: ["products"] } });
  assert.deepEqual([data[0].note, data[0].products.length], ["As a gift", 1]);
});
await step("prefetched relations", async () => {
  const { data, meta } = await list(anna, "orders", { meta: { prefetch: ["customers"] } });
  assert.deepEqual([ids({ data }), meta.prefetched.customers.map(({ name }) => name)], [[1, 2], ["Anna"]]);
  assert.equal("customers" in data[0], false);
});
await step("a view", async () => {
  const { data } = await list(anna, "order_totals", { sort: by("total", "DESC") });
  assert.deepEqual(data.map(({ total }) => total), [95, 65]);
});
await step("another schema", async () => {
  assert.deepEqual(ids(await list(service, "shelves", { meta: { schema: "warehouse" } })), [1, 2]);
});
await step("a function as a resource", async () => {
  const { data, total } = await list(nobody, "rpc/search_products", { filter: { "term@": "lamp" } });
  assert.deepEqual([ids({ data }), total], [[1], 1]);
});

// One and many.

await step("one", async () => {
  const { data } = await nobody.getOne("products", { id: 3 });
  assert.equal(data.name, "Rope, 10 m");
});
await step("one by a composite key", async () => {
  const { data } = await anna.getOne("order_lines", { id: "[1,2]" });
  assert.deepEqual(data, { id: "[1,2]", order_id: 1, product_id: 2, quantity: 10 });
});
await step("one by a key of another name", async () => {
  assert.deepEqual((await service.getOne("costs", { id: 1 })).data, { id: 1, product_id: 1, cost: 18 });
});
await step("many", async () => {
  assert.deepEqual(ids(await nobody.getMany("products", { ids: [1, 4, 5] })).sort(), [1, 4]);
});
await step("many by a composite key", async () => {
  const { data } = await anna.getMany("order_lines", { ids: ["[1,1]", "[2,4]", "[3,2]"] });
  assert.deepEqual(ids({ data }).sort(), ["[1,1]", "[2,4]"]);
});
await step("many that refer to one", async () => {
  const { data, total } = await anna.getManyReference("order_lines", {
    target: "order_id", id: 1, pagination: page(1, 1), sort: by("quantity", "DESC"), filter: {},
  });
  assert.deepEqual([ids({ data }), total], [["[1,2]"], 2]);
});
await step("a composite key sorts", async () => {
  assert.deepEqual(ids(await list(anna, "order_lines", { sort: by("id", "DESC") })), ["[2,4]", "[1,2]", "[1,1]"]);
});

// Writes. What is made here is gone at the end.

let created;
await step("create", async () => {
  const { data } = await service.create("products", { data: { name: "Anchor", price: 60, tags: ["iron"], details: { kg: 8 } } });
  assert.deepEqual([data.price, data.tags, data.details, data.active], [60, ["iron"], { kg: 8 }, true]);
  created = data;
});
await step("update", async () => {
  const { data } = await service.update("products", {
    id: created.id, data: { ...created, price: 55, stock: 2 }, previousData: created,
  });
  assert.deepEqual([data.id, data.price, data.stock], [created.id, 55, 2]);
});
await step("update without a change asks nothing", async () => {
  assert.deepEqual((await service.update("products", { id: 1, data: { id: 1 }, previousData: { id: 1 } })).data, { id: 1 });
});
await step("create and update by a composite key", async () => {
  const { data } = await anna.create("order_lines", { data: { order_id: 2, product_id: 1 } });
  assert.deepEqual(data, { id: "[2,1]", order_id: 2, product_id: 1, quantity: 1 });
  const changed = await anna.update("order_lines", { id: "[2,1]", data: { ...data, quantity: 6 }, previousData: data });
  assert.deepEqual(changed.data, { id: "[2,1]", order_id: 2, product_id: 1, quantity: 6 });
});
await step("update many", async () => {
  const other = await service.create("products", { data: { name: "Anchor chain", price: 30 } });
  const made = [created.id, other.data.id];
  assert.deepEqual((await service.updateMany("products", { ids: made, data: { stock: 9 } })).data.sort(), made);
  assert.deepEqual((await service.deleteMany("products", { ids: made })).data.sort(), made);
  assert.deepEqual(ids(await service.getMany("products", { ids: made })), []);
});
await step("update and delete many by a composite key", async () => {
  await anna.create("order_lines", { data: { order_id: 2, product_id: 3 } });
  const made = ["[2,1]", "[2,3]"];
  assert.deepEqual((await anna.updateMany("order_lines", { ids: made, data: { quantity: 2 } })).data.sort(), made);
  assert.deepEqual((await anna.deleteMany("order_lines", { ids: made })).data.sort(), made);
});
await step("delete", async () => {
  const { data } = await anna.create("orders", { data: { note: "to go" } });
  assert.equal((await anna.delete("orders", { id: data.id, previousData: data })).data.note, "to go");
});
await step("delete by a composite key", async () => {
  await anna.create("order_lines", { data: { order_id: 2, product_id: 3 } });
  const { data } = await anna.delete("order_lines", { id: "[2,3]", previousData: {} });
  assert.deepEqual(data, { id: "[2,3]", order_id: 2, product_id: 3, quantity: 1 });
});

// Refusals, as react-admin shows them.

const refuses = (request, status, body) =>
  assert.rejects(request, (error) => {
    assert.equal(error.name, "HttpError");
    assert.equal(error.status, status);
    const found = Object.fromEntries(Object.keys(body).map((key) => [key, error.body?.[key]]));
    assert.deepEqual(found, body);
    return true;
  });
await step("one that is not there", () => refuses(nobody.getOne("products", { id: 5 }), 406, { code: "PGRST116" }));
await step("what is denied", async () => {
  await refuses(list(nobody, "costs", { sort: by("cost") }), 401, { code: "42501", message: "permission denied for table costs" });
  await refuses(list(anna, "costs", { sort: by("cost") }), 403, { code: "42501" });
  await refuses(nobody.create("orders", { data: {} }), 401, { code: "42501" });
  await refuses(anna.update("orders", { id: 3, data: { note: "x" }, previousData: {} }), 406, { code: "PGRST116" });
});
await step("an unknown column", async () => {
  await refuses(list(nobody, "products", { sort: by("titel") }), 400, { code: "42703" });
  await refuses(list(nobody, "products", { filter: { q: "lamp" } }), 400, { code: "42703" });
  await refuses(anna.create("orders", { data: { titel: 1 } }), 400, { code: "PGRST204" });
});
await step("constraints", async () => {
  await refuses(service.create("products", { data: { name: "Candle", price: 1 } }), 409, { code: "23505" });
  await refuses(service.create("products", { data: { name: "Air", price: 0 } }), 400, { code: "23514" });
  await refuses(service.delete("products", { id: 1, previousData: {} }), 409, { code: "23503" });
});
await step("a browser would send it all", () => passesPreflights("products"));
