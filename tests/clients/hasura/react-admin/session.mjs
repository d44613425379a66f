// A session with ra-data-hasura, unchanged: what react-admin's pages ask of it.
//
// Usage: node session.mjs ORIGIN, with tokens by name as JSON in the environment variable TOKENS.

import assert from "node:assert/strict";
import buildProvider from "ra-data-hasura";
import { bearer, origin, step } from "../../javascript/steps.mjs";

const build = buildProvider.default ?? buildProvider;
const connect = (who) => build({ clientOptions: { uri: `${origin}/v1/graphql`, headers: who ? bearer(who) : {} } });
const owner = await connect("owner");
const page = (sort, filter = {}, pagination = { page: 1, perPage: 10 }) => ({ sort, filter, pagination });
const byId = { field: "id", order: "ASC" };
const ids = ({ data }) => data.map(({ id }) => id);

await step("getList, with a page and a total", async () => {
  const list = await owner.getList("films", page(byId, {}, { page: 2, perPage: 2 }));
  assert.deepEqual([ids(list), list.total], [[3, 4], 5]);
  assert.equal(list.data[0].title, "A Fly in Tea");
});
await step("getList, sorted by two columns", async () => {
  const list = await owner.getList("films", page({ field: "published,year", order: "DESC,DESC" }));
  assert.equal(list.total, list.data.length);
  const keys = list.data.map(({ published, year }) => `${published} ${year}`);
  assert.deepEqual(keys, [...keys].sort().reverse());
});
await step("getList, filtered", async () => {
  assert.deepEqual(ids(await owner.getList("films", page(byId, { genre: "noir" }))), [1]);
  assert.deepEqual(ids(await owner.getList("films", page(byId, { "title@_ilike": "rain" }))), [2, 5]);
  assert.deepEqual(ids(await owner.getList("films", page(byId, { "year@_gt": 1988, "rating@_lt": 8 }))), [3]);
  assert.deepEqual(ids(await owner.getList("films", page(byId, { ids: [1, 3] }))), [1, 3]);
  assert.deepEqual(ids(await owner.getList("films", page(byId, { "director#name@_eq": "Ada Winter" }))), [1]);
});
await step("getOne", async () => {
  const { data } = await owner.getOne("films", { id: 1 });
  assert.deepEqual([data.id, data.title, data.rating], [1, "The Long Pier", 8.4]);
});
await step("getOne with its relations", async () => {
  const { data } = await owner.getOne("films", { id: 2 });
  assert.equal(data.director?.id ?? data.director_id, 2);
});
await step("getMany", async () => assert.deepEqual(ids(await owner.getMany("films", { ids: [1, 5] })).sort(), [1, 5]));
await step("getManyReference", async () => {
  const asked = { target: "director_id", id: 2, ...page(byId) };
  const { data, total } = await owner.getManyReference("films", asked);
  assert.deepEqual([data.map(({ director_id }) => director_id), total], [[2, 2], 2]);
});

let tag;
await step("create", async () => {
  const { data } = await owner.create("tags", { data: { label: "made by react-admin" } });
  tag = data.id;
  assert.deepEqual((await owner.getOne("tags", { id: tag })).data.label, "made by react-admin");
});
await step("update", async () => {
  const previousData = { id: tag, label: "made by react-admin" };
  const { data } = await owner.update("tags", { id: tag, data: { id: tag, label: "changed" }, previousData });
  assert.deepEqual([data.id, data.label], [tag, "changed"]);
});
await step("updateMany", async () => {
  assert.deepEqual((await owner.updateMany("tags", { ids: [tag], data: { label: "changed again" } })).data, [tag]);
});
await step("delete", async () => {
  const { data } = await owner.delete("tags", { id: tag, previousData: { id: tag } });
  assert.equal(data.id, tag);
  assert.deepEqual((await owner.getList("tags", page(byId, { label: "changed again" }))).total, 0);
});
await step("deleteMany", async () => {
  const made = await Promise.all(["one", "two"].map((label) => owner.create("tags", { data: { label } })));
  const gone = made.map(({ data }) => data.id);
  assert.deepEqual((await owner.deleteMany("tags", { ids: gone })).data.sort(), gone.sort());
});
await step("a key that is taken", async () => {
  await assert.rejects(owner.create("tags", { data: { label: "sea" } }), /Uniqueness violation/);
});
await step("a resource that nobody may read", async () => {
  const nobody = await connect();
  await assert.rejects(nobody.getList("vault", page(byId)), /Unknown resource vault/);
});
