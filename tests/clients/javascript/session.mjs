// A session with @supabase/postgrest-js, and a short one with @supabase/supabase-js, both unchanged.
//
// Usage: node session.mjs ORIGIN, with tokens by name as JSON in the environment variable TOKENS.

import assert from "node:assert/strict";
import { PostgrestClient } from "@supabase/postgrest-js";
import { createClient } from "@supabase/supabase-js";
import { answers, bearer, origin, refuses, step, tokens, url } from "./steps.mjs";

const as = (who) => new PostgrestClient(url, { headers: bearer(who) });
const nobody = new PostgrestClient(url);
const owner = as("owner");
const anna = as("anna");

const films = (columns = "id", options) => nobody.from("films").select(columns, options);

const selects = (narrow, ids) => answers(narrow(films()).order("id"), ids.map((id) => ({ id })));

// Filters, on the films 1, 2, 3 and 5: the fourth is not published.

await step("eq", () => selects((q) => q.eq("genre", "noir"), [1]));
await step("eq of a boolean", () => selects((q) => q.eq("published", true), [1, 2, 3, 5]));
await step("neq", () => selects((q) => q.neq("genre", "noir"), [2, 3, 5]));
await step("gt", () => selects((q) => q.gt("year", 1988), [3, 5]));
await step("gte", () => selects((q) => q.gte("year", 1988), [2, 3, 5]));
await step("lt", () => selects((q) => q.lt("rating", 7.1), [3]));
await step("lte", () => selects((q) => q.lte("rating", 7.1), [2, 3]));
await step("like", () => selects((q) => q.like("title", "%Rain%"), [2, 5]));
await step("likeAllOf", () => selects((q) => q.likeAllOf("title", ["%a%", "%R%"]), [2, 5]));
await step("likeAnyOf", () => selects((q) => q.likeAnyOf("title", ["A%", "S%"]), [2, 3]));
await step("ilike", () => selects((q) => q.ilike("title", "*rain*"), [2, 5]));
await step("ilikeAllOf", () => selects((q) => q.ilikeAllOf("title", ["%A%", "%r%"]), [2, 5]));
await step("ilikeAnyOf", () => selects((q) => q.ilikeAnyOf("title", ["a%", "s%"]), [2, 3]));
await step("regexMatch", () => selects((q) => q.regexMatch("title", "^S"), [2]));
await step("regexIMatch", () => selects((q) => q.regexIMatch("title", "^s"), [2]));
await step("is null", () => selects((q) => q.is("studio_id", null), [5]));
await step("is true", () => selects((q) => q.is("published", true), [1, 2, 3, 5]));
await step("isDistinct", () => selects((q) => q.isDistinct("studio_id", 2), [1, 5]));
await step("in", () => selects((q) => q.in("id", [1, 5, 99]), [1, 5]));
await step("in with reserved characters", () => selects((q) => q.in("title", ["Rain (Again)", "x, y"]), [5]));
await step("in of nothing", () => selects((q) => q.in("id", []), []));
await step("notIn", () => selects((q) => q.notIn("id", [1, 5]), [2, 3]));
await step("not", () => selects((q) => q.not("genre", "eq", "drama"), [1, 3]));
await step("not is null", () => selects((q) => q.not("studio_id", "is", null), [1, 2, 3]));
await step("contains of an array", () => selects((q) => q.contains("aliases", ["Regen"]), [5]));
await step("contains of an object", () => selects((q) => q.contains("details", { colour: true }), [2, 5]));
await step("contains of a range", () => selects((q) => q.contains("shown", "[1990,1991)"), [2]));
await step("containedBy of an array", () => selects((q) => q.containedBy("aliases", ["Regen", "x"]), [2, 5]));
await step("containedBy of an object", () => selects((q) => q.containedBy("details", { colour: true, x: 1 }), [5]));
await step("containedBy of a range", () => selects((q) => q.containedBy("shown", "[1900,1980)"), [1, 3]));
await step("overlaps of an array", () => selects((q) => q.overlaps("aliases", ["Regen", "Der lange Steg"]), [1, 5]));
await step("overlaps of a range", () => selects((q) => q.overlaps("shown", "[1970,1990)"), [1, 2]));
await step("rangeGt", () => selects((q) => q.rangeGt("shown", "[1975,1980)"), [2, 5]));
await step("rangeGte", () => selects((q) => q.rangeGte("shown", "[1989,1990)"), [5]));
await step("rangeLt", () => selects((q) => q.rangeLt("shown", "[1980,1985)"), [1]));
await step("rangeLte", () => selects((q) => q.rangeLte("shown", "[1980,2002)"), [1, 5]));
await step("rangeAdjacent", () => selects((q) => q.rangeAdjacent("shown", "[1975,1980)"), [1]));
await step("textSearch", () => selects((q) => q.textSearch("words", "'rain' & 'salt'"), [2]));
await step("textSearch plain", () => selects((q) => q.textSearch("words", "rain salt", { type: "plain" }), [2]));
await step("textSearch phrase", () => selects((q) => q.textSearch("words", "long pier", { type: "phrase" }), [1]));
await step("textSearch websearch", () =>
  selects((q) => q.textSearch("words", "rain -salt", { type: "websearch", config: "english" }), [5]));
await step("match", () => selects((q) => q.match({ genre: "drama", year: 2001 }), [5]));
await step("or", () => selects((q) => q.or("year.lt.1970,and(genre.eq.drama,rating.gt.8)"), [1, 5]));
await step("filter", () => selects((q) => q.filter("year", "eq(any)", "{1961,2001}"), [1, 5]));
await step("json as text", () => selects((q) => q.eq("details->>reels", "9"), [1]));
await step("json as json", () => selects((q) => q.eq("details->sound->channels", 2), [2]));

// Columns, orders, pages and counts.

await step("columns, aliases and casts", () =>
  answers(films("name:title, year::text, reels:details->reels").eq("id", 1), [
    { name: "The Long Pier", year: "1961", reels: 9 },
  ]));
await step("order by two columns", () =>
  answers(films().order("genre", { ascending: false }).order("year"), [{ id: 1 }, { id: 3 }, { id: 2 }, { id: 5 }]));
await step("nulls first", () =>
  answers(nobody.from("directors").select("id").order("born", { nullsFirst: true }).limit(2), [{ id: 3 }, { id: 1 }]));
await step("nulls last", () =>
  answers(nobody.from("directors").select("id").order("born", { ascending: false, nullsFirst: false }).limit(2), [
    { id: 4 },
    { id: 2 },
  ]));
await step("order by a to-one relation", () =>
  answers(films("id, director(name)").order("director(name)", { ascending: false }).limit(1), [
    { id: 5, director: { name: "Cleo Marsh" } },
  ]));
await step("range", () => answers(films().order("id").range(1, 2), [{ id: 2 }, { id: 3 }]));
await step("an exact count", async () => {
  const { count } = await answers(films("id", { count: "exact" }).order("id").limit(1), [{ id: 1 }], 206);
  assert.equal(count, 4);
});
await step("an estimated count", async () => assert.equal((await films("id", { count: "estimated" })).count, 4));
await step("a planned count", async () => assert.ok((await films("id", { count: "planned" })).count > 0));
await step("a count alone", async () => {
  const { count } = await answers(films("*", { count: "exact", head: true }), null);
  assert.equal(count, 4);
});
await step("single", () => answers(films("id, title").eq("id", 1).single(), { id: 1, title: "The Long Pier" }));
await step("maybeSingle", () => answers(films().eq("id", 1).maybeSingle(), { id: 1 }));
await step("maybeSingle of none", () => answers(films().eq("id", 99).maybeSingle(), null));
await step("maybeSingle of several", () => refuses(films().maybeSingle(), { code: "PGRST116" }, 406));
await step("csv", () =>
  answers(
    films("id, title, studio_id").gt("id", 2).order("id").csv(),
    'id,title,studio_id\n3,"A Fly in Tea",2\n5,"Rain (Again)",',
  ));
await step("stripNulls", () => answers(films("id, studio_id").eq("id", 5).stripNulls(), [{ id: 5 }]));
await step("stripNulls of one", () => answers(films("id, studio_id").eq("id", 5).stripNulls().single(), { id: 5 }));
await step("explain in text", async () => {
  const { data, error } = await films().explain({ analyze: true, verbose: true });
  assert.equal(error, null);
  assert.match(data, /Seq Scan on public\.films.*actual time/s);
});
await step("explain in json", async () => {
  const { data, error } = await films().explain({ format: "json" });
  assert.equal(error, null);
  assert.ok(data[0].Plan.Plans);
});
await step("aggregates", () =>
  answers(films("genre, count(), rating.max()").order("genre"), [
    { genre: "drama", count: 2, max: 9.0 },
    { genre: "comedy", count: 1, max: 6.5 },
    { genre: "noir", count: 1, max: 8.4 },
  ]));

// Relations.

await step("to-one, twice", () =>
  answers(films("title, director(name, mentor(name))").eq("id", 2), [
    { title: "Salt and Rain", director: { name: "Ben Okafor", mentor: { name: "Ada Winter" } } },
  ]));
await step("to-one by the table's name", () =>
  answers(films("directors(name)").eq("id", 1), [{ directors: { name: "Ada Winter" } }]));
await step("to-many", () =>
  answers(nobody.from("directors").select("name, films(title)").eq("id", 1), [
    { name: "Ada Winter", films: [{ title: "The Long Pier" }] },
  ]));
await step("many-to-many", () =>
  answers(nobody.from("tags").select("label, films(id)").gt("id", 1).order("id").order("id", { referencedTable: "films" }), [
    { label: "weather", films: [{ id: 2 }, { id: 5 }] },
    { label: "unused", films: [] },
  ]));
await step("inner", () =>
  answers(films("id, tags!inner(label)").eq("tags.label", "sea").order("id"), [
    { id: 1, tags: [{ label: "sea" }] },
    { id: 2, tags: [{ label: "sea" }] },
  ]));
await step("spread", () => answers(films("id, ...director(by:name)").eq("id", 1), [{ id: 1, by: "Ada Winter" }]));
await step("an embed's alias and hint", () =>
  answers(nobody.from("screenings").select("host:members!screenings_host(name)").eq("id", 1), [
    { host: { name: "Anna" } },
  ]));
await step("order and limit inside", () =>
  answers(
    nobody
      .from("directors")
      .select("films(title)")
      .eq("id", 2)
      .order("year", { ascending: false, referencedTable: "films" })
      .limit(1, { referencedTable: "films" }),
    [{ films: [{ title: "A Fly in Tea" }] }],
  ));
await step("range inside", () =>
  answers(
    nobody.from("directors").select("films(title)").eq("id", 2)
      .order("year", { referencedTable: "films" }).range(1, 1, { referencedTable: "films" }),
    [{ films: [{ title: "A Fly in Tea" }] }],
  ));
await step("or inside", () =>
  answers(
    nobody.from("directors").select("id, films(id)").lt("id", 3).order("id")
      .or("year.gt.1990,genre.eq.noir", { referencedTable: "films" }),
    [{ id: 1, films: [{ id: 1 }] }, { id: 2, films: [{ id: 3 }] }],
  ));
await step("a schema", () =>
  answers(nobody.schema("public").from("tags").select("label").eq("id", 2), [{ label: "weather" }]));

// Writes. The rows made here are gone at the end.

let director;
let film;
await step("insert and select", async () => {
  const { data, status, error } = await owner.from("directors").insert({ name: "Eve Lund" }).select("id").single();
  assert.deepEqual({ status, error }, { status: 201, error: null });
  director = data.id;
});
await step("insert with relations", async () => {
  const { data, error } = await owner
    .from("films")
    .insert({ title: "Ice, (Thin)", year: 2020, director_id: director, aliases: ['a "b"', "c,d"], details: { a: [1] } })
    .select("id, aliases, details, director(name)")
    .single();
  assert.equal(error, null);
  film = data.id;
  assert.deepEqual(data, { id: film, aliases: ['a "b"', "c,d"], details: { a: [1] }, director: { name: "Eve Lund" } });
});
await step("insert several, returning nothing", async () => {
  const { count } = await answers(
    owner.from("tags").insert([{ label: "ice" }, { label: "snow" }], { count: "exact" }),
    null,
    201,
  );
  assert.equal(count, 2);
});
await step("insert none", () => answers(owner.from("tags").insert([]).select(), [], 201));
await step("insert with defaults", () =>
  answers(
    owner.from("films")
      .insert([{ title: "A", year: 1999 }, { title: "B", year: 2000, published: false }], { defaultToNull: false })
      .select("title, published")
      .rollback(),
    [{ title: "A", published: true }, { title: "B", published: false }],
    201,
  ));
await step("insert with nulls", () =>
  refuses(
    owner.from("films").insert([{ title: "A", year: 1999 }, { title: "B", year: 2000, published: false }]),
    { code: "23502" },
    400,
  ));
await step("upsert by key", () =>
  answers(owner.from("tags").upsert({ id: 3, label: "used" }).select().rollback(), [{ id: 3, label: "used" }]));
await step("upsert by another key", () =>
  answers(
    owner.from("tags").upsert([{ label: "sea" }, { label: "fog" }], { onConflict: "label" }).select("label").rollback(),
    [{ label: "sea" }, { label: "fog" }],
    201,
  ));
await step("upsert that ignores", () =>
  answers(
    owner.from("tags").upsert([{ label: "sea" }, { label: "fog" }], { onConflict: "label", ignoreDuplicates: true })
      .select("label").rollback(),
    [{ label: "fog" }],
    201,
  ));
await step("a rollback leaves nothing", () => answers(owner.from("tags").select().eq("label", "fog"), []));
await step("update", () =>
  answers(owner.from("films").update({ rating: 7.5, genre: "noir" }).eq("id", film).select("rating, genre"), [
    { rating: 7.5, genre: "noir" },
  ]));
await step("update, returning nothing", async () => {
  const request = owner.from("films").update({ rating: 8 }, { count: "exact" }).eq("id", film);
  assert.equal((await answers(request, null, 204)).count, 1);
});
await step("update within maxAffected", () =>
  answers(owner.from("films").update({ rating: 6 }).eq("id", film).maxAffected(1), null, 204));
await step("update past maxAffected", () =>
  refuses(
    owner.from("directors").update({ born: null }).gt("id", 0).maxAffected(2),
    { code: "PGRST124", details: "The query affects 5 rows" },
    400,
  ));
await step("read what was written", () =>
  answers(films("title, rating, ...director(director:name)").eq("title", "Ice, (Thin)").maybeSingle(), {
    title: "Ice, (Thin)",
    rating: 6,
    director: "Eve Lund",
  }));
await step("delete and select", () =>
  answers(owner.from("films").delete().eq("id", film).select("title"), [{ title: "Ice, (Thin)" }]));
await step("delete several", async () => {
  const { count } = await answers(owner.from("tags").delete({ count: "exact" }).in("label", ["ice", "snow"]), null, 204);
  assert.equal(count, 2);
});
await step("delete", () => answers(owner.from("directors").delete().eq("id", director), null, 204));

// Refusals.

await step("an unknown table", () =>
  refuses(
    nobody.from("film").select(),
    {
      code: "PGRST205",
      message: "Could not find the table 'public.film' in the schema cache",
      details: null,
      hint: "Perhaps you meant the table 'public.films'",
    },
    404,
  ));
await step("an unknown column", () =>
  refuses(films("titel"), { code: "42703", message: "column films.titel does not exist" }, 400));
await step("a value of another type", () =>
  refuses(films().eq("id", "x"), { code: "22P02", message: 'invalid input syntax for type integer: "x"' }, 400));
await step("single of none", () =>
  refuses(films().eq("id", 99).single(), { code: "PGRST116", details: "The result contains 0 rows" }, 406));
await step("a key that is taken", () =>
  refuses(
    owner.from("tags").insert({ label: "sea" }),
    { code: "23505", details: "Key (label)=(sea) already exists." },
    409,
  ));
await step("a foreign key that does not hold", () =>
  refuses(owner.from("films").insert({ title: "x", year: 2000, director_id: 999 }), { code: "23503" }, 409));
await step("a write of nobody", () => refuses(nobody.from("tags").insert({ label: "x" }), { code: "42501" }, 401));
await step("a write that is not allowed", () => refuses(anna.from("tags").insert({ label: "x" }), { code: "42501" }, 403));
await step("an update without a filter", () =>
  refuses(owner.from("directors").update({ name: "x" }), { code: "21000" }, 400));
await step("another schema", () => refuses(nobody.schema("other").from("films").select(), { code: "PGRST106" }, 406));
await step("a page past what is counted", () =>
  refuses(films("id", { count: "exact" }).range(10, 12), { code: "PGRST103" }, 416));
await step("a forged token", () => refuses(as("forged").from("films").select(), { code: "PGRST301" }, 401));
await step("an expired token", () => refuses(as("expired").from("films").select(), { code: "PGRST303" }, 401));
await step("a function", () => refuses(nobody.rpc("film_of_the_day", { day: "2026-01-01" }), { code: "PGRST202" }, 404));
await step("throwOnError", () =>
  assert.rejects(async () => nobody.from("film").select().throwOnError(), { name: "PostgrestError", code: "PGRST205" }));

// supabase-js. Node 20 has no WebSocket, which its other parts look for at the start.

const supabase = (who) =>
  createClient(origin, tokens[who], {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
    realtime: { transport: globalThis.WebSocket ?? class {} },
  });

await step("supabase-js reads as the key's role", () =>
  answers(supabase("anna").from("reviews").select("id, film(title)").eq("public", false), [
    { id: 2, film: { title: "Salt and Rain" } },
  ]));
await step("supabase-js writes, reads and deletes", async () => {
  const client = supabase("anna");
  const review = { film_id: 3, stars: 3, text: "Fine" };
  await answers(client.from("reviews").insert(review).select("film_id, stars, text").single(), review, 201);
  await answers(client.from("reviews").update({ stars: 4 }).eq("film_id", 3).select("stars"), [{ stars: 4 }]);
  await answers(client.from("reviews").delete().eq("film_id", 3), null, 204);
  await answers(client.from("reviews").select().eq("film_id", 3), []);
});
await step("supabase-js is refused", () =>
  refuses(supabase("anna").from("vault").select(), { code: "PGRST205" }, 404));
await step("supabase-js with a forged key", () =>
  refuses(supabase("forged").from("films").select(), { code: "PGRST301" }, 401));
