// A session with subscriptions-transport-ws's client, unchanged: the older protocol graphql-ws.
//
// Usage: node subscriptions-transport-ws.mjs ORIGIN, with tokens by name as JSON in the environment variable TOKENS.

import assert from "node:assert/strict";
import transport from "subscriptions-transport-ws";
import WebSocket from "ws";
import { bearer, step } from "../javascript/steps.mjs";
import { FILM, LIVE, PIER, RATE, WRONG, inbox, rate, socketUrl, until } from "./asked.mjs";

const { SubscriptionClient } = transport;

const connect = (who, options = {}) =>
  new SubscriptionClient(socketUrl, { reconnect: true, connectionParams: { headers: bearer(who) }, ...options }, WebSocket);

const ask = (client, query, variables) =>
  new Promise((resolve, reject) => client.request({ query, variables }).subscribe({ next: resolve, error: reject }));

const owner = connect("owner");

await step("a query", async () => assert.deepEqual(await ask(owner, FILM, { id: 1 }), { data: PIER }));
await step("a mutation", async () => {
  assert.deepEqual(await ask(owner, RATE, { id: 1, rating: 8.4 }), { data: { update_films_by_pk: { rating: 8.4 } } });
});
await step("a query that completes", async () => {
  await new Promise((complete, error) => owner.request({ query: FILM, variables: { id: 1 } }).subscribe({ complete, error }));
});
await step("an error", async () => {
  await assert.rejects(ask(owner, WRONG), (error) => error.extensions.code === "validation-failed");
});
await step("a subscription with updates", async () => {
  const box = inbox();
  const observed = owner.request({ query: LIVE, variables: { id: 1 } });
  const { unsubscribe } = observed.subscribe({ next: box.push, error: box.push });
  await until(box, { data: { films_by_pk: { rating: 8.4 } } });
  await rate(1, 3.5);
  await until(box, { data: { films_by_pk: { rating: 3.5 } } });
  await rate(1, 8.4);
  await until(box, { data: { films_by_pk: { rating: 8.4 } } });
  unsubscribe();
});
await step("reconnecting, with its subscriptions", async () => {
  const client = connect("owner");
  const [reconnected, box] = [inbox(), inbox()];
  client.onReconnected(reconnected.push);
  client.request({ query: LIVE, variables: { id: 2 } }).subscribe({ next: box.push, error: box.push });
  const { data } = await box.next();
  client.close(false, false); // as if the connection had broken
  await reconnected.next();
  await until(box, { data });
  client.close();
});
await step("signs of life", async () => {
  const client = connect("owner", { lazy: false });
  const alive = inbox();
  client.client.on("message", (message) => JSON.parse(message).type === "ka" && alive.push(true));
  await alive.next();
  client.close();
});
await step("an expired token", async () => {
  const told = inbox();
  const client = connect("expired", { reconnect: false, connectionCallback: told.push });
  assert.equal(await told.next(), "Could not verify JWT: JWTExpired");
  client.close();
});
owner.close();
