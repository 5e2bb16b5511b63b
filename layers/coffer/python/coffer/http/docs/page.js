"use strict";
// Everything is shown as text: nothing of the document is ever taken for markup.

const make = (tag, content = [], attributes = {}) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...[content].flat());
  return element;
};
const code = (text) => make("code", String(text));
const quiet = (text) => make("span", text, { class: "quiet" });

// Filled only when it is opened: schemas may hold themselves.
const unfolding = (head, fill) => {
  const details = make("details", make("summary", head));
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) details.append(...[fill()].flat());
  });
  return details;
};

const resolved = (openapi, one) => {
  if (!one || !one.$ref) return one || {};
  const found = one.$ref.slice(2).split("/").reduce((value, step) => value[step], openapi);
  return { ...found, ...(one.description ? { description: one.description } : {}) };
};

const RULES = ["format", "pattern", "minLength", "maxLength", "minimum", "maximum", "minItems",
  "maxItems", "maxProperties", "const", "default"];

const nature = (openapi, schema) => {
  const kinds = [schema.type ?? (schema.anyOf ? "any of several" : "anything")].flat();
  if (schema.items) kinds[0] += ` of ${nature(openapi, resolved(openapi, schema.items))}`;
  return kinds.join(" or ");
};

const showSchema = (openapi, schema) => {
  const parts = [];
  if (schema.description) parts.push(make("p", schema.description));
  const rules = RULES.filter((name) => schema[name] !== undefined)
    .map((name) => `${name} ${JSON.stringify(schema[name])}`);
  if (schema.enum) rules.push(`one of ${schema.enum.map((value) => JSON.stringify(value)).join(", ")}`);
  if (schema.examples) rules.push(`such as ${schema.examples.map((one) => JSON.stringify(one)).join(", ")}`);
  if (rules.length) parts.push(make("p", code(rules.join("; "))));
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    parts.push(showMember(openapi, name, member, (schema.required ?? []).includes(name)));
  }
  if (schema.items) parts.push(showMember(openapi, "each", schema.items, true));
  if (typeof schema.additionalProperties === "object") {
    parts.push(showMember(openapi, "any name", schema.additionalProperties, false));
  }
  for (const [number, one] of (schema.anyOf ?? schema.oneOf ?? []).entries()) {
    parts.push(showMember(openapi, `form ${number + 1}`, one, false));
  }
  return parts.length ? parts : [quiet("nothing more is known")];
};

const showMember = (openapi, name, member, required) => {
  const schema = resolved(openapi, member);
  const head = [code(name), " ", quiet(`${nature(openapi, schema)}${required ? "" : ", may be left out"}`)];
  return unfolding(head, () => showSchema(openapi, schema));
};

const showContent = (openapi, content) => Object.entries(content ?? {}).map(([type, { schema }]) => {
  const body = resolved(openapi, schema ?? {});
  return unfolding([code(type), " ", quiet(nature(openapi, body))], () => showSchema(openapi, body));
});

const showParameters = (openapi, parameters) => {
  const rows = parameters.map((one) => resolved(openapi, one)).map((one) => make("tr", [
    make("td", [code(one.name), make("br"), quiet(`${one.in}${one.required ? ", required" : ""}`)]),
    make("td", one.description ?? ""),
    make("td", code(nature(openapi, one.schema ?? {}))),
  ]));
  return make("table", rows);
};

const showHeaders = (headers) => {
  const names = Object.keys(headers ?? {});
  return names.length ? [make("p", ["Headers: ", code(names.join(", "))])] : [];
};

const showOperation = (openapi, path, method, operation) => {
  const head = [make("span", method.toUpperCase(), { class: "method" }), code(path), " ",
    quiet(operation.summary)];
  const shown = unfolding(head, () => {
    const wants = operation.security.map((one) => Object.keys(one).join(" and ")).join(", or ");
    const parts = [make("p", operation.description), make("p", ["Token: ", code(wants || "none")])];
    if (operation.parameters?.length) {
      parts.push(make("h3", "Parameters"), showParameters(openapi, operation.parameters));
    }
    if (operation.requestBody) {
      parts.push(make("h3", "Body"), ...showContent(openapi, operation.requestBody.content));
    }
    parts.push(make("h3", "Answers"));
    for (const [status, answer] of Object.entries(operation.responses)) {
      parts.push(unfolding([code(status), " ", answer.description],
        () => [...showHeaders(answer.headers), ...showContent(openapi, answer.content)]));
    }
    return parts;
  });
  shown.id = operation.operationId;
  shown.dataset.find = `${method} ${path} ${operation.summary} ${operation.operationId}`.toLowerCase();
  return shown;
};

const show = (openapi) => {
  document.getElementById("title").textContent = `${openapi.info.title} ${openapi.info.version}`;
  document.getElementById("summary").textContent = openapi.info.summary;
  const chapters = new Map(openapi.tags.map(({ name, description }) => [name,
    make("section", [make("h2", name), make("p", description)])]));
  for (const [path, item] of Object.entries(openapi.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      chapters.get(operation.tags[0]).append(showOperation(openapi, path, method, operation));
    }
  }
  document.getElementById("chapters").replaceChildren(...chapters.values());
  document.getElementById("find").addEventListener("input", ({ target }) => {
    const wanted = target.value.trim().toLowerCase();
    for (const one of document.querySelectorAll("[data-find]")) {
      one.hidden = !one.dataset.find.includes(wanted);
    }
  });
  const named = document.getElementById(location.hash.slice(1));
  if (named instanceof HTMLDetailsElement) named.open = true;
};

fetch("openapi.json").then((answer) => answer.json()).then(show).catch((error) => {
  document.getElementById("chapters").replaceChildren(
    make("p", `openapi.json could not be shown: ${error.message}`));
});
