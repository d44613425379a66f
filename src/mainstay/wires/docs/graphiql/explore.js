// Shows GraphiQL, and asks this server for it: a subscription by server-sent events, anything else by POST. Headers, and
// so tokens, are kept in the page's memory alone.
"use strict";

const main = document.getElementById("graphiql");
const address = new URL(main.dataset.endpoint, document.baseURI);

function fetcher(question, options = {}) {
  return isSubscription(question, options.documentAST) ? stream(question, options) : ask(question, options);
}

function isSubscription({ operationName }, tree) {
  const operations = (tree?.definitions ?? []).filter((each) => each.kind === "OperationDefinition");
  const meant = operations.find((each) => each.name?.value === operationName) ?? operations[0];
  return meant?.operation === "subscription";
}

function send(question, { headers = {} }, accept, signal) {
  return fetch(address, {
    method: "POST",
    headers: { ...headers, accept, "content-type": "application/json" },
    body: JSON.stringify(question),
    cache: "no-store",
    credentials: "same-origin",
    signal,
  });
}

async function ask(question, options) {
  const response = await send(question, options, "application/json");
  return response.json();
}

async function* stream(question, options) {
  const stop = new AbortController();
  try {
    const response = await send(question, options, "text/event-stream", stop.signal);
    if (!response.headers.get("content-type").startsWith("text/event-stream")) {
      yield await response.json();
      return;
    }
    for await (const event of events(response.body)) {
      if (event.includes("event: complete")) return;
      const data = event.split("\n").find((line) => line.startsWith("data: "));
      if (data) yield JSON.parse(data.slice("data: ".length));
    }
  } finally {
    stop.abort();
  }
}

// The blocks of the stream, without the line between them.
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    yield* blocks;
  }
}

ReactDOM.createRoot(main).render(
  React.createElement(GraphiQL, { fetcher, defaultEditorToolsVisibility: "headers", shouldPersistHeaders: false }),
);
