// The audits of graphql-http, each a test: is this a server of GraphQL over HTTP?
//
// Usage: node audits.mjs ORIGIN. Prints a JSON line for each: {"step", "passed", "diff"}.

import { serverAudits } from "graphql-http";

const [origin] = process.argv.slice(2);
for (const audit of serverAudits({ url: `${origin}/v1/graphql` })) {
  const result = await audit.fn();
  const passed = result.status === "ok";
  console.log(JSON.stringify({ step: `${audit.id} ${audit.name}`, passed, diff: passed ? null : `${result.status}: ${result.reason}` }));
}
