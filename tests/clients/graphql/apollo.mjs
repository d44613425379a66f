// A session with Apollo Client, unchanged: over HTTP, in batches, and over a WebSocket.
//
// Usage: node apollo.mjs ORIGIN, with tokens by name as JSON in the environment variable TOKENS.

import assert from "node:assert/strict";
import { ApolloClient, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { BatchHttpLink } from "@apollo/client/link/batch-http";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { createClient } from "graphql-ws";
import { bearer, step } from "../javascript/steps.mjs";
import { FILM, LIVE, PIER, RATE, WRONG, inbox, rate, socketUrl, until, url } from "./asked.mjs";

const [film, live, wrong] = [gql(FILM), gql(LIVE), gql(WRONG)];
const rating = gql(RATE);
const headers = bearer("owner");
const socket = createClient({ url: socketUrl, connectionParams: { headers }, retryWait: async () => {} });
const made = (link) =>
  new ApolloClient({ link, cache: new InMemoryCache(), defaultOptions: { query: { fetchPolicy: "no-cache" } } });
const http = made(new HttpLink({ uri: url, headers }));
const byGet = made(new HttpLink({ uri: url, headers, useGETForQueries: true }));
const ws = made(new GraphQLWsLink(socket));
const plain = (value) => JSON.parse(JSON.stringify(value, (key, each) => (key === "__typename" ? undefined : each)));

async function readsThePier(client) {
  const { data } = await client.query({ query: film, variables: { id: 1 } });
  assert.deepEqual(plain(data), PIER);
}

await step("a query", () => readsThePier(http));
await step("a query by GET", () => readsThePier(byGet));
await step("a query over a socket", () => readsThePier(ws));
await step("a query knows its types", async () => {
  const { data } = await http.query({ query: film, variables: { id: 1 } });
  assert.equal(data.films_by_pk.__typename, "films");
});
await step("a mutation", async () => {
  const { data } = await http.mutate({ mutation: rating, variables: { id: 1, rating: 8.4 } });
  assert.deepEqual(plain(data), { update_films_by_pk: { rating: 8.4 } });
});
await step("a mutation over a socket", async () => {
  const { data } = await ws.mutate({ mutation: rating, variables: { id: 1, rating: 8.4 } });
  assert.deepEqual(plain(data), { update_films_by_pk: { rating: 8.4 } });
});
await step("an error", async () => {
  await assert.rejects(http.query({ query: wrong }), (error) => error.errors[0].extensions.code === "validation-failed");
});
await step("an error over a socket", async () => {
  await assert.rejects(ws.query({ query: wrong }), (error) => error.errors[0].extensions.code === "validation-failed");
});
await step("queries in one request", async () => {
  let requests = 0;
  const counting = (input, options) => (requests++, fetch(input, options));
  const batched = made(new BatchHttpLink({ uri: url, headers, batchInterval: 20, fetch: counting }));
  const asked = [1, 2, 3].map((id) => batched.query({ query: film, variables: { id } }));
  const answers = await Promise.all(asked);
  assert.deepEqual([requests, plain(answers[0].data)], [1, PIER]);
});
await step("a mutation changes what is watched", async () => {
  const client = made(new HttpLink({ uri: url, headers }));
  const watched = client.watchQuery({ query: gql`{ films_by_pk(id: 1) { id rating } }`, fetchPolicy: "cache-first" });
  const box = inbox();
  watched.subscribe({ next: ({ data }) => data && box.push(data.films_by_pk.rating) });
  await until(box, 8.4);
  const mutation = gql`mutation { update_films_by_pk(pk_columns: {id: 1}, _set: {rating: 4.5}) { id rating } }`;
  await client.mutate({ mutation });
  await until(box, 4.5);
  await rate(1, 8.4);
});
await step("a subscription with updates", async () => {
  const box = inbox();
  const observed = ws.subscribe({ query: live, variables: { id: 1 } });
  const subscription = observed.subscribe({ next: ({ data }) => box.push(plain(data)), error: box.push });
  await until(box, { films_by_pk: { rating: 8.4 } });
  await rate(1, 5.5);
  await until(box, { films_by_pk: { rating: 5.5 } });
  socket.terminate(); // and reconnects
  await rate(1, 8.4);
  await until(box, { films_by_pk: { rating: 8.4 } });
  subscription.unsubscribe();
});
await socket.dispose();
