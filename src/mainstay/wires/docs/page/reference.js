// Fetches the OpenAPI document as its reader may see it and hands it to Swagger UI. A token stays in this page's
// memory: it is not stored, and it goes nowhere but to the server that this page came from.
"use strict";

const main = document.getElementById("reference");
const form = document.getElementById("token-form");
const field = document.getElementById("token");
const status = document.getElementById("status");
const address = new URL(main.dataset.document, document.baseURI);

let asked = 0;

async function show(token) {
  const turn = ++asked;
  status.textContent = "…";
  try {
    const description = await read(token);
    if (turn === asked) render(description, token);
  } catch (error) {
    if (turn === asked) refuse(error);
  }
}

async function read(token) {
  const headers = { accept: "application/openapi+json" };
  if (token) headers.authorization = `Bearer ${token}`;
  const response = await fetch(address, { headers, cache: "no-store", credentials: "same-origin" });
  const body = await response.json().catch(() => null);
  if (response.ok && body) return body;
  const said = body && [body.message, body.hint].filter(Boolean).join(". ");
  throw new Error(said || `${address.pathname} answered ${response.status}`);
}

function render(description, token) {
  // What is tried out goes where the document came from, whatever path the server believes to be at.
  description.servers = [{ url: address.href.replace(/\/$/, "") }];
  document.title = description.info.title;
  const place = document.createElement("div");
  main.replaceChildren(place);
  const ui = SwaggerUIBundle({
    spec: description,
    domNode: place,
    presets: [SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
    deepLinking: true,
    docExpansion: description.tags.length > 12 ? "none" : "list",
    filter: true,
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    validatorUrl: null,
    onComplete: () => {
      if (token) ui.preauthorizeApiKey("bearer", token);
    },
  });
  status.textContent = token ? "As this token's role sees it" : "As anyone sees it without a token";
  status.className = "";
}

function refuse(error) {
  status.textContent = error.message;
  status.className = "problem";
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  show(field.value.trim().replace(/^bearer\s+/i, ""));
});

document.getElementById("forget").addEventListener("click", () => {
  field.value = "";
  show("");
});

const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();
show("");
