// A session with urql, unchanged: over HTTP by POST and GET, by server-sent events, and over a WebSocket.
//
// Usage: node urql.mjs ORIGIN, with tokens by name as JSON in the environment variable TOKENS.

import assert from "node:assert/strict";
import { Client, cacheExchange, fetchExchange, subscriptionExchange } from "@urql/core";
import { createClient } from "graphql-ws";
import { bearer, step } from "../javascript/steps.mjs";
import { FILM, LIVE, PIER, RATE, WRONG, inbox, rate, socketUrl, until, url } from "./asked.mjs";

const headers = bearer("owner");
const socket = createClient({ url: socketUrl, connectionParams: { headers }, retryWait: async () => {} });
const forwardSubscription = (request) => ({
  subscribe: (sink) => ({ unsubscribe: socket.subscribe({ ...request, query: request.query ?? "" }, sink) }),
});
const made = (options, ...exchanges) =>
  new Client({ url, fetchOptions: { headers }, exchanges: [...exchanges, fetchExchange], requestPolicy: "network-only", ...options });
const byGet = made({ preferGetMethod: "force" });
const byPost = made({ preferGetMethod: false });
const cached = made({ requestPolicy: "cache-first", preferGetMethod: false }, cacheExchange);
const ws = made({}, subscriptionExchange({ forwardSubscription, enableAllOperations: true }));
const sse = made({ fetchSubscriptions: true, preferGetMethod: false });
const plain = (value) => JSON.parse(JSON.stringify(value ?? null, (key, each) => (key === "__typename" ? undefined : each)));

async function readsThePier(client) {
  const { data, error } = await client.query(FILM, { id: 1 }).toPromise();
  assert.equal(error, undefined);
  assert.deepEqual(plain(data), PIER);
}

async function changes(client, between) {
  const box = inbox();
  const { unsubscribe } = client.subscription(LIVE, { id: 1 }).subscribe(({ data, error }) => box.push(error ?? plain(data)));
  await until(box, { films_by_pk: { rating: 8.4 } });
  await rate(1, between);
  await until(box, { films_by_pk: { rating: between } });
  await rate(1, 8.4);
  await until(box, { films_by_pk: { rating: 8.4 } });
  unsubscribe();
}

await step("a query", () => readsThePier(byPost));
await step("a query by GET", () => readsThePier(byGet));
await step("a query over a socket", () => readsThePier(ws));
await step("a mutation", async () => {
  const { data } = await byGet.mutation(RATE, { id: 1, rating: 8.4 }).toPromise();
  assert.deepEqual(plain(data), { update_films_by_pk: { rating: 8.4 } });
});
await step("a mutation makes a cached query be asked again", async () => {
  const box = inbox();
  const query = "{ films_by_pk(id: 1) { id rating __typename } }";
  const { unsubscribe } = cached.query(query, {}).subscribe(({ data }) => data && box.push(data.films_by_pk.rating));
  await until(box, 8.4);
  await cached.mutation("mutation { update_films_by_pk(pk_columns: {id: 1}, _set: {rating: 6.5}) { id __typename } }", {});
  await until(box, 6.5);
  unsubscribe();
  await rate(1, 8.4);
});
await step("an error", async () => {
  const { error } = await byPost.query(WRONG, {}).toPromise();
  assert.equal(error.graphQLErrors[0].extensions.code, "validation-failed");
});
await step("an error over a socket", async () => {
  const { error } = await ws.query(WRONG, {}).toPromise();
  assert.equal(error.graphQLErrors[0].extensions.code, "validation-failed");
});
await step("a subscription with updates", () => changes(ws, 7.5));
await step("a subscription by server-sent events", () => changes(sse, 7.6));
await step("an error by server-sent events", async () => {
  const box = inbox();
  const { unsubscribe } = sse.subscription("subscription { nothing { id } }", {}).subscribe(({ error }) => box.push(error));
  assert.equal((await box.next()).graphQLErrors[0].extensions.code, "validation-failed");
  unsubscribe();
});
await socket.dispose();
