// A session with graphql-sse's client, unchanged, in its distinct connections mode.
//
// Usage: node graphql-sse.mjs ORIGIN, with tokens by name as JSON in the environment variable TOKENS.

import assert from "node:assert/strict";
import { createClient } from "graphql-sse";
import { bearer, step } from "../javascript/steps.mjs";
import { FILM, LIVE, PIER, RATE, WRONG, inbox, rate, until, url } from "./asked.mjs";

const connect = (who, options = {}) => createClient({ url, headers: bearer(who), retryAttempts: 0, ...options });
const owner = connect("owner");

async function answers(client, query, variables) {
  const results = [];
  for await (const result of client.iterate({ query, variables })) results.push(result);
  return results;
}

await step("a query, and its end", async () => assert.deepEqual(await answers(owner, FILM, { id: 1 }), [{ data: PIER }]));
await step("a mutation", async () => {
  const rated = [{ data: { update_films_by_pk: { rating: 8.4 } } }];
  assert.deepEqual(await answers(owner, RATE, { id: 1, rating: 8.4 }), rated);
});
await step("an error", async () => {
  const [{ errors }] = await answers(owner, WRONG);
  assert.equal(errors[0].extensions.code, "validation-failed");
});
await step("a subscription with updates", async () => {
  const box = inbox();
  const stop = owner.subscribe({ query: LIVE, variables: { id: 1 } }, { next: box.push, error: box.push, complete() {} });
  await until(box, { data: { films_by_pk: { rating: 8.4 } } });
  await rate(1, 1.5);
  await until(box, { data: { films_by_pk: { rating: 1.5 } } });
  await rate(1, 8.4);
  await until(box, { data: { films_by_pk: { rating: 8.4 } } });
  stop();
});
await step("reconnecting, with its subscription", async () => {
  let breakOff;
  const fetchFn = (input, options) => {
    const broken = new AbortController();
    breakOff = () => broken.abort();
    return fetch(input, { ...options, signal: AbortSignal.any([options.signal, broken.signal]) });
  };
  const client = connect("owner", { fetchFn, retryAttempts: 3, retry: async () => {} });
  const box = inbox();
  const stop = client.subscribe({ query: LIVE, variables: { id: 2 } }, { next: box.push, error: box.push, complete() {} });
  const first = await box.next();
  breakOff();
  await until(box, first);
  stop();
});
await step("a forged token", async () => {
  await assert.rejects(answers(connect("forged"), FILM, { id: 1 }), (error) => error.response.status === 401);
});
owner.dispose();
