// What the sessions share: steps that are reported one by one, and what a browser would ask before it sends them.

import assert from "node:assert/strict";

export const [origin] = process.argv.slice(2);
export const url = `${origin}/rest/v1`;
export const tokens = JSON.parse(process.env.TOKENS);
export const bearer = (who) => ({ Authorization: `Bearer ${tokens[who]}` });

// Runs it, and prints a JSON line: {"step", "passed", "diff"}. A step that fails does not keep the next from running.
export async function step(name, run) {
  let diff = null;
  try {
    await run();
  } catch (error) {
    diff = error.message ?? String(error);
  }
  console.log(JSON.stringify({ step: name, passed: diff === null, diff }));
}

// What a PostgREST client answers with must be no error, of that status, and these rows.
export async function answers(request, expected, status = 200) {
  const answer = await request;
  assert.equal(answer.error, null);
  assert.deepEqual(answer.data, expected);
  assert.equal(answer.status, status);
  return answer;
}

// An error with these members, of that status.
export async function refuses(request, expected, status) {
  const { data, error, status: actual } = await request;
  assert.equal(data, null);
  const found = Object.fromEntries(Object.keys(expected).map((key) => [key, error?.[key]]));
  assert.deepEqual(found, expected);
  assert.equal(actual, status);
}

// Which headers were sent with which methods, so far.
const sent = new Map();
const { fetch } = globalThis;
globalThis.fetch = (input, options = {}) => {
  const method = options.method ?? "GET";
  sent.set(method, new Set([...(sent.get(method) ?? []), ...new Headers(options.headers).keys()]));
  return fetch(input, options);
};

// A page of another origin may send all of it, and read the headers that the clients read.
export async function passesPreflights(path) {
  assert.ok(sent.size > 0);
  for (const [method, headers] of sent) {
    const preflight = await fetch(`${url}/${path}`, {
      method: "OPTIONS",
      headers: {
        Origin: "https://app.example",
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": [...headers].sort().join(", "),
      },
    });
    const allowed = (name) => preflight.headers.get(`access-control-allow-${name}`)?.toLowerCase().split(/\s*,\s*/) ?? [];
    assert.equal(preflight.status, 200);
    assert.ok(["*", "https://app.example"].includes(allowed("origin")[0]));
    assert.ok(allowed("methods").includes(method.toLowerCase()), method);
    // With `*` a browser allows any header but Authorization, which must be named (Fetch, 3.2.4).
    const named = allowed("headers");
    const refused = [...headers].filter((name) => !named.includes(name) && (name === "authorization" || !named.includes("*")));
    assert.deepEqual(refused, []);
  }
  const answer = await fetch(`${url}/${path}`, { headers: { Origin: "https://app.example" } });
  assert.match(answer.headers.get("access-control-expose-headers"), /content-range/i);
}
