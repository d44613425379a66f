// A session with graphql-ws's client, unchanged: the protocol graphql-transport-ws.
//
// Usage: node graphql-ws.mjs ORIGIN, with tokens by name as JSON in the environment variable TOKENS.

import assert from "node:assert/strict";
import { createClient } from "graphql-ws";
import { bearer, step } from "../javascript/steps.mjs";
import { FILM, LIVE, PIER, RATE, WRONG, inbox, rate, socketUrl, until } from "./asked.mjs";

const connect = (who, options = {}) =>
  createClient({ url: socketUrl, connectionParams: { headers: who ? bearer(who) : {} }, ...options });

async function ask(client, query, variables) {
  for await (const result of client.iterate({ query, variables })) return result;
}

const owner = connect("owner");

await step("a query", async () => assert.deepEqual(await ask(owner, FILM, { id: 1 }), { data: PIER }));
await step("a mutation", async () => {
  assert.deepEqual(await ask(owner, RATE, { id: 1, rating: 8.4 }), { data: { update_films_by_pk: { rating: 8.4 } } });
});
await step("an error", async () => {
  await assert.rejects(ask(owner, WRONG), (errors) => errors[0].extensions.code === "validation-failed");
});
await step("many at once", async () => {
  const answers = await Promise.all(Array.from({ length: 50 }, () => ask(owner, FILM, { id: 1 })));
  assert.deepEqual(answers, Array(50).fill({ data: PIER }));
});
await step("a subscription with updates", async () => {
  const box = inbox();
  const stop = owner.subscribe({ query: LIVE, variables: { id: 1 } }, { next: box.push, error: box.push, complete() {} });
  await until(box, { data: { films_by_pk: { rating: 8.4 } } });
  await rate(1, 2.5);
  await until(box, { data: { films_by_pk: { rating: 2.5 } } });
  await rate(1, 8.4);
  await until(box, { data: { films_by_pk: { rating: 8.4 } } });
  stop();
});
await step("a subscription that is wrong", async () => {
  await assert.rejects(ask(owner, "subscription { nothing { id } }"), (errors) => errors.length === 1);
});
await step("reconnecting, with its subscriptions", async () => {
  const client = connect("owner", { retryWait: async () => {} });
  const [connected, box] = [inbox(), inbox()];
  client.on("connected", connected.push);
  client.subscribe({ query: LIVE, variables: { id: 2 } }, { next: box.push, error: box.push, complete() {} });
  await connected.next();
  const { data } = await box.next();
  client.terminate();
  await connected.next();
  await until(box, { data });
  await client.dispose();
});
await step("pings of the client's own", async () => {
  const client = connect("owner", { keepAlive: 50, lazy: false });
  const pongs = inbox();
  client.on("pong", pongs.push);
  await pongs.next();
  await pongs.next();
  await client.dispose();
});
await step("a socket without a token is anonymous", async () => {
  const nobody = connect();
  await assert.rejects(ask(nobody, RATE, { id: 1, rating: 1 }));
  assert.deepEqual(await ask(nobody, FILM, { id: 1 }), { data: PIER });
  await nobody.dispose();
});
await step("a forged token", async () => {
  const forged = connect("forged", { retryAttempts: 0 });
  await assert.rejects(ask(forged, FILM, { id: 1 }), (event) => event.code === 4403);
});
await step("an expired token", async () => {
  const expired = connect("expired", { retryAttempts: 0 });
  await assert.rejects(ask(expired, FILM, { id: 1 }), (event) => event.reason === "Could not verify JWT: JWTExpired");
});
await owner.dispose();
