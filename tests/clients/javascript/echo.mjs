// Sends texts by @supabase/postgrest-js and says what comes back, for a property test on the other end of its pipe.
//
// Usage: node echo.mjs ORIGIN TOKEN. Reads a JSON line {"text"} at a time, answers with a JSON line for each:
// {"inserted", "eq", "in", …}: the names that each way of asking found, or {"error"} of the first that failed.

import { createInterface } from "node:readline";
import { PostgrestClient } from "@supabase/postgrest-js";

const [origin, token] = process.argv.slice(2);
const client = new PostgrestClient(`${origin}/rest/v1`, { headers: { Authorization: `Bearer ${token}` } });
const actors = () => client.from("actors");

// PostgREST's way to quote a value that holds reserved characters.
const quoted = (text) => `"${text.replace(/["\\]/g, "\\$&")}"`;

// in() quotes what holds one of [,()], and escapes nothing. A list item that is empty, begins with a space or a quote,
// or has quotes or backslashes inside its quotes has to be quoted by hand.
const quotesRightly = (text) => (/[,()]/.test(text) ? !/["\\]/.test(text) : !/^([" \t]|$)/.test(text));
const within = (text) =>
  quotesRightly(text)
    ? actors().select("name").in("name", [text])
    : actors().select("name").filter("name", "in", `(${quoted(text)})`);

async function names(request) {
  const { data, error } = await request.limit(3);
  if (error) throw error;
  return data.map((row) => row.name);
}

async function roundTrip(text) {
  const { data, error } = await actors().insert({ name: text }).select("name").single();
  if (error) throw error;
  return {
    inserted: data.name,
    eq: await names(actors().select("name").eq("name", text)),
    match: await names(actors().select("name").match({ name: text })),
    in: await names(within(text)),
    or: await names(actors().select("name").or(`name.eq.${quoted(text)},id.eq.0`)),
    "or, in": await names(actors().select("name").or(`id.eq.0,name.in.(${quoted(text)},nobody)`)),
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await roundTrip(JSON.parse(line).text).catch((error) => ({ error: error.code ?? String(error) }));
  console.log(JSON.stringify(answer));
}
