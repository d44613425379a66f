// A session with @supabase/postgrest-js, unchanged, against a database as Supabase sets one up.
//
// Usage: node shop-postgrest.mjs ORIGIN, with tokens by name as JSON in the environment variable TOKENS.

import assert from "node:assert/strict";
import { PostgrestClient } from "@supabase/postgrest-js";
import { answers, bearer, passesPreflights, refuses, step, tokens, url } from "./steps.mjs";

const nobody = new PostgrestClient(url);
const as = (who, more = {}) => new PostgrestClient(url, { headers: bearer(who), ...more });
const anna = as("anna");
const service = as("service");

// Reads.

await step("a list with filters, an order, a page and a count", async () => {
  const { count } = await answers(
    nobody.from("products").select("id, name", { count: "exact" }).lt("price", 50).neq("name", "Candle")
      .order("name", { ascending: false }).range(0, 0),
    [{ id: 3, name: "Rope, 10 m" }],
    206,
  );
  assert.equal(count, 2);
});
await step("one", () => answers(nobody.from("products").select("price").eq("id", 4).single(), { price: 95.0 }));
await step("one that is not there", () => answers(nobody.from("products").select().eq("id", 5).maybeSingle(), null));
await step("many", () =>
  answers(nobody.from("products").select("id").in("id", [4, 1, 5]).order("id"), [{ id: 1 }, { id: 4 }]));
await step("relations", () =>
  answers(anna.from("orders").select("id, customers!inner(name), products(name)").order("id")
    .order("price", { referencedTable: "products" }), [
    { id: 1, customers: { name: "Anna" }, products: [{ name: "Candle" }, { name: "Oil lamp" }] },
    { id: 2, customers: { name: "Anna" }, products: [{ name: "Ship's bell" }] },
  ]));
await step("a key alone, as apikey", () =>
  answers(new PostgrestClient(url, { headers: { apikey: tokens.anna } }).from("orders").select("id").order("id"), [
    { id: 1 }, { id: 2 },
  ]));
await step("another schema for all requests", () =>
  answers(as("service", { schema: "warehouse" }).from("shelves").select("label").order("id"), [{ label: "A1" }, { label: "A2" }]));

// Writes. What is made here is gone at the end.

let order;
await step("create", async () => {
  const { data } = await anna.from("orders").insert({ note: "x" }).select("id, status").single();
  order = data.id;
  assert.equal(data.status, "open");
});
await step("create several, some with defaults", () =>
  answers(
    anna.from("order_lines")
      .insert([{ order_id: order, product_id: 1 }, { order_id: order, product_id: 2, quantity: 2 }], { defaultToNull: false })
      .select("quantity"),
    [{ quantity: 1 }, { quantity: 2 }],
    201,
  ));
await step("update", () =>
  answers(anna.from("orders").update({ note: null, status: "paid" }).eq("id", order).select("note, status").single(), {
    note: null, status: "paid",
  }));
await step("upsert", () =>
  answers(anna.from("order_lines").upsert({ order_id: order, product_id: 1, quantity: 5 }).select("quantity"), [
    { quantity: 5 },
  ]));
await step("delete", async () => {
  const { count } = await answers(anna.from("order_lines").delete({ count: "exact" }).eq("order_id", order), null, 204);
  assert.equal(count, 2);
  await answers(anna.from("orders").delete().eq("id", order).select("status"), [{ status: "paid" }]);
});

// Functions.

await step("rpc by POST, by GET and by HEAD", async () => {
  await answers(nobody.rpc("greet", { name: "Ada" }), "Hello, Ada");
  await answers(nobody.rpc("greet", { name: "Ada" }, { get: true }), "Hello, Ada");
  await answers(nobody.rpc("greet", {}, { head: true }), null);
});
await step("rpc of rows", () =>
  answers(nobody.rpc("search_products", { term: "e" }).select("id, label").order("id", { ascending: false }).limit(2), [
    { id: 4, label: "Ship's bell for 95.00" },
    { id: 3, label: "Rope, 10 m for 12.00" },
  ]));
await step("rpc with an array", async () => {
  await answers(nobody.rpc("sum_of", { numbers: [1, 2] }), 3);
  await answers(nobody.rpc("longest", { words: ["sea", "pier"] }), "pier");
  await answers(nobody.rpc("longest", { words: ["sea", "pier"] }, { get: true }), "pier");
});
await step("rpc under row-level security", async () => {
  await answers(nobody.rpc("stock_of", { name: "Old lamp" }), null);
  await answers(service.rpc("stock_of", { name: "Old lamp" }), 0);
});
await step("rpc that writes is not for GET", () =>
  refuses(service.rpc("restock", { product: 1 }, { get: true }), { code: "25006" }, 405));

// Refusals.

await step("what is denied", async () => {
  await refuses(nobody.from("costs").select(), { code: "42501" }, 401);
  await refuses(anna.from("costs").select(), { code: "42501" }, 403);
  await refuses(nobody.from("products").insert({ name: "x", price: 1 }), { code: "42501" }, 401);
  await refuses(anna.rpc("restock", { product: 1 }), { code: "42501" }, 403);
});
await step("what is not there", async () => {
  await refuses(nobody.from("product").select(), { code: "PGRST205" }, 404);
  await refuses(nobody.from("products").select("titel"), { code: "42703" }, 400);
  await refuses(nobody.from("products").select("orders(x)"), { code: "42703" }, 400);
  await refuses(nobody.rpc("greetings"), { code: "PGRST202" }, 404);
  await refuses(anna.from("orders").insert({ titel: 1 }), { code: "PGRST204" }, 400);
});
await step("constraints", async () => {
  await refuses(service.from("products").insert({ name: "Candle", price: 2 }), { code: "23505" }, 409);
  await refuses(service.from("products").update({ price: -1 }).eq("id", 1), { code: "23514" }, 400);
  await refuses(service.from("order_lines").insert({ order_id: 1, product_id: 99 }), { code: "23503" }, 409);
  await refuses(service.from("orders").insert({ customer_id: null }), { code: "23502" }, 400);
  await refuses(anna.from("orders").update({ status: "lost" }).eq("id", 1), {
    code: "22P02", message: 'invalid input value for enum order_status: "lost"',
  }, 400);
});
await step("a browser would send it all", () => passesPreflights("products"));
