// What the sessions ask, and how they wait for what comes by itself.

import assert from "node:assert/strict";
import { origin, tokens } from "../javascript/steps.mjs";

export const url = `${origin}/v1/graphql`;
export const socketUrl = url.replace(/^http/, "ws");

export const FILM = "query ($id: Int!) { films_by_pk(id: $id) { title rating } }";
export const PIER = { films_by_pk: { title: "The Long Pier", rating: 8.4 } };
export const LIVE = "subscription ($id: Int!) { films_by_pk(id: $id) { rating } }";
export const RATE = `mutation ($id: Int!, $rating: numeric) {
  update_films_by_pk(pk_columns: {id: $id}, _set: {rating: $rating}) { rating }
}`;
export const WRONG = "{ films { titel } }";

// Rates a film by a plain request, as somebody else would.
export async function rate(id, rating) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${tokens.owner}` },
    body: JSON.stringify({ query: RATE, variables: { id, rating } }),
  });
  assert.deepEqual(await response.json(), { data: { update_films_by_pk: { rating } } });
}

// A queue of what came: `push` takes it, `next` waits for it.
export function inbox(seconds = 30) {
  const arrived = [];
  const waiting = [];
  return {
    push: (value) => (waiting.length ? waiting.shift()(value) : arrived.push(value)),
    next: () =>
      new Promise((resolve, reject) => {
        if (arrived.length) return resolve(arrived.shift());
        const timer = setTimeout(() => reject(new Error("nothing came")), seconds * 1000);
        waiting.push((value) => (clearTimeout(timer), resolve(value)));
      }),
  };
}

// What is next in the inbox that is as it should be: a live answer in between may be older than the change.
export async function until(box, expected) {
  for (;;) {
    const value = await box.next();
    try {
      assert.deepEqual(value, expected);
      return;
    } catch (error) {
      if (value instanceof Error) throw value;
    }
  }
}
