// A session with refine's Hasura provider, unchanged: its data provider, and its live provider over a WebSocket.
//
// Usage: node session.mjs ORIGIN, with tokens by name as JSON in the environment variable TOKENS.

import assert from "node:assert/strict";
import hasura, { GraphQLClient, graphqlWS, liveProvider } from "@refinedev/hasura";
import WebSocket from "ws";
import { inbox, rate, socketUrl, until, url } from "../../graphql/asked.mjs";
import { bearer, step } from "../../javascript/steps.mjs";

const options = { idType: "Int" };
const provider = hasura(new GraphQLClient(url, { headers: bearer("owner") }), options);
const nobody = hasura(new GraphQLClient(url), options);
const socket = graphqlWS.createClient({
  url: socketUrl,
  webSocketImpl: WebSocket,
  connectionParams: { headers: bearer("owner") },
});
const live = liveProvider(socket, options);
const films = { resource: "films", meta: { fields: ["id", "title"] } };
const filter = (field, operator, value) => ({ ...films, sorters: byId, filters: [{ field, operator, value }] });
const byId = [{ field: "id", order: "asc" }];
const ids = ({ data }) => data.map(({ id }) => id);

const FILTERS = [
  ["genre", "eq", "noir", [1]],
  ["id", "ne", 1, [2, 3, 4, 5]],
  ["id", "lt", 2, [1]],
  ["id", "lte", 2, [1, 2]],
  ["id", "gt", 4, [5]],
  ["id", "gte", 4, [4, 5]],
  ["id", "in", [1, 3], [1, 3]],
  ["id", "nin", [1, 3], [2, 4, 5]],
  ["title", "contains", "RAIN", [2, 5]],
  ["title", "containss", "Rain", [2, 5]],
  ["title", "startswith", "the", [1]],
  ["studio_id", "null", true, [5]],
  ["director.name", "eq", "Ada Winter", [1]],
];

await step("getList, with a page and a total", async () => {
  const pagination = { currentPage: 2, pageSize: 2 };
  const { data, total } = await provider.getList({ ...films, sorters: byId, pagination });
  assert.deepEqual([data.map(({ id }) => id), total], [[3, 4], 5]);
});
await step("getList, sorted", async () => {
  const sorters = [{ field: "published", order: "desc" }, { field: "year", order: "desc" }];
  const meta = { fields: ["published", "year"] };
  const { data } = await provider.getList({ resource: "films", meta, sorters });
  const keys = data.map(({ published, year }) => `${published} ${year}`);
  assert.deepEqual(keys, [...keys].sort().reverse());
});
await step("getList, filtered", async () => {
  for (const [field, operator, value, expected] of FILTERS) {
    assert.deepEqual(ids(await provider.getList(filter(field, operator, value))), expected, `${field} ${operator}`);
  }
});
await step("getList, by one or another", async () => {
  const value = [{ field: "genre", operator: "eq", value: "noir" }, { field: "year", operator: "gt", value: 2000 }];
  assert.deepEqual(ids(await provider.getList({ ...films, sorters: byId, filters: [{ operator: "or", value }] })), [1, 4, 5]);
});
await step("getOne, with a relation", async () => {
  const meta = { fields: ["title", { director: ["name"] }] };
  const { data } = await provider.getOne({ resource: "films", id: 1, meta });
  assert.deepEqual(data, { title: "The Long Pier", director: { name: "Ada Winter" } });
});
await step("getMany", async () => assert.deepEqual(ids(await provider.getMany({ ...films, ids: [1, 5] })).sort(), [1, 5]));

const tags = { resource: "tags", meta: { fields: ["id", "label"] } };
let tag;
await step("create", async () => {
  const { data } = await provider.create({ ...tags, variables: { label: "made by refine" } });
  tag = data.id;
  assert.equal(data.label, "made by refine");
});
await step("update", async () => {
  const { data } = await provider.update({ ...tags, id: tag, variables: { label: "changed" } });
  assert.deepEqual(data, { id: tag, label: "changed" });
});
await step("updateMany", async () => {
  const { data } = await provider.updateMany({ ...tags, ids: [tag], variables: { label: "changed again" } });
  assert.deepEqual(data, [{ id: tag, label: "changed again" }]);
});
await step("deleteOne", async () => assert.deepEqual((await provider.deleteOne({ ...tags, id: tag })).data.id, tag));
await step("createMany and deleteMany", async () => {
  const { data } = await provider.createMany({ ...tags, variables: [{ label: "one" }, { label: "two" }] });
  const gone = await provider.deleteMany({ ...tags, ids: data.map(({ id }) => id) });
  assert.deepEqual(ids(gone).sort(), ids({ data }).sort());
});
await step("custom", async () => {
  const { data } = await provider.custom({
    url: "", method: "get",
    meta: { operation: "films_aggregate", fields: [{ aggregate: ["count"] }] },
  });
  assert.deepEqual(data, { aggregate: { count: 5 } });
});
await step("an error", async () => {
  const wrong = provider.getOne({ resource: "films", id: 1, meta: { fields: ["titel"] } });
  await assert.rejects(wrong, (error) => JSON.stringify(error).includes("validation-failed") || /titel/.test(error.message));
});
await step("a write of nobody", async () => {
  await assert.rejects(nobody.create({ ...tags, variables: { label: "x" } }));
});

async function lives(params, seen) {
  const box = inbox();
  const stop = live.subscribe({ channel: "", types: ["*"], callback: box.push, params: { resource: "films", meta, ...params } });
  await until(box, seen(8.4));
  await rate(1, 2.5);
  await until(box, seen(2.5));
  await rate(1, 8.4);
  await until(box, seen(8.4));
  live.unsubscribe(stop);
}
const meta = { fields: ["id", "rating"] };
await step("live, of one", async () => {
  // The provider says that the key is a UUID, whatever `idType` is.
  const { data } = await provider.getList({ resource: "members", meta: { fields: ["id", "name"] } });
  const box = inbox();
  const params = { resource: "members", meta: { fields: ["id", "name"] }, subscriptionType: "useOne", id: data[0].id };
  const stop = live.subscribe({ channel: "", types: ["*"], callback: box.push, params });
  await until(box, data[0]);
  live.unsubscribe(stop);
});
await step("live, of many", () => lives({ subscriptionType: "useMany", ids: [1] }, (rating) => [{ id: 1, rating }]));
await step("live, of a list", () => {
  const params = { subscriptionType: "useList", sorters: byId, pagination: { currentPage: 1, pageSize: 1, mode: "server" } };
  return lives(params, (rating) => [{ id: 1, rating }]);
});
await socket.dispose();
