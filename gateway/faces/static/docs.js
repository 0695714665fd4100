// The forms of the operations, made from the API's own description when they are opened. The token is nowhere but in
// its field, and what comes back is only ever written as text.
"use strict";

const ORGANISATION = document.getElementById("org");
const TOKEN = document.getElementById("token");
const FILTER = document.getElementById("filter");
const NEVER_SENT = new Set(["", null, undefined]);
const SAMPLES = { date: "2026-01-31", "date-time": "2026-01-31T09:30:00Z", uuid: "00000000-0000-4000-8000-000000000000" };
const INPUTS = { integer: "number", number: "number" };

let described = null;

function description() {
  described ??= fetch(document.body.dataset.description).then((answer) => {
    if (!answer.ok) throw new Error("The description of the API cannot be had.");
    return answer.json();
  });
  return described;
}

function made(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

// --- schemas --------------------------------------------------------------------------------------------------------

function plain(schema, whole) {
  if (schema.$ref) return plain(whole.components.schemas[schema.$ref.split("/").pop()], whole);
  const kinds = (schema.anyOf ?? []).filter((kind) => kind.type !== "null");
  return kinds.length ? { ...plain(kinds[0], whole), ...schema, anyOf: undefined, type: plain(kinds[0], whole).type } : schema;
}

function choices(schema) {
  if (schema.enum) return schema.enum;
  if (schema.type === "boolean") return ["true", "false"];
  return /^\^\(([a-z_]+(?:\|[a-z_]+)+)\)\$$/.exec(schema.pattern ?? "")?.[1].split("|");
}

function kind(schema, whole) {
  const known = plain(schema, whole);
  const listed = choices(known);
  if (known.type === "array") return "list of " + kind(known.items ?? {}, whole);
  if (listed && known.type !== "boolean") return listed.join(" | ");
  const bounds = known.minimum !== undefined ? ` ${known.minimum}–${known.maximum}` : "";
  return [].concat(known.type ?? "any").join(" | ") + (known.format ? ", " + known.format : "") + bounds;
}

function sample(schema, whole) {
  const known = plain(schema, whole);
  if (known.default !== undefined && known.default !== null) return known.default;
  if (known.type === "array") return known.items?.$ref ? [sample(known.items, whole)] : [];
  if (known.type === "object") return required(known, whole);
  if (known.type === "boolean") return true;
  if (known.type === "integer" || known.type === "number") return known.minimum ?? 1;
  return choices(known)?.[0] ?? SAMPLES[known.format] ?? (Array.isArray(known.type) ? null : "text");
}

function required(schema, whole) {
  const members = (schema.required ?? []).map((name) => [name, sample(schema.properties[name], whole)]);
  return Object.fromEntries(members);
}

// --- forms ----------------------------------------------------------------------------------------------------------

function field(operation, parameter, whole) {
  const schema = plain(parameter.schema, whole);
  const several = schema.type === "array";
  const listed = choices(several ? plain(schema.items, whole) : schema);
  const id = `${operation.operationId}-${parameter.name}`;
  const attributes = { id, name: parameter.name, required: parameter.required, "data-in": parameter.in, "aria-describedby": `${id}-help` };
  const input = listed ? chosen(listed, several, attributes, schema.default) : typed(schema, attributes);
  const known = listed ? [] : [kind(parameter.schema, whole), schema.default ? `default ${schema.default}` : ""];
  const said = [...known, parameter.description ?? ""];
  const label = made("label", { for: id }, parameter.name + (parameter.required ? " *" : ""));
  return made("div", {}, label, input, made("span", { class: "quiet", id: `${id}-help` }, said.filter(Boolean).join(" · ")));
}

function chosen(listed, several, attributes, preset) {
  const nothing = several || attributes.required ? [] : [made("option", { value: "" }, preset === undefined ? "—" : `— (${preset})`)];
  return made("select", { ...attributes, multiple: several }, ...nothing, ...listed.map((each) => made("option", { value: each }, each)));
}

function typed(schema, attributes) {
  const type = schema.format === "date" ? "date" : INPUTS[schema.type] ?? "text";
  return made("input", { ...attributes, type, min: schema.minimum, max: schema.maximum, spellcheck: "false", autocapitalize: "none" });
}

function bodyPart(operation, whole) {
  const schema = operation.requestBody?.content["application/json"].schema;
  if (!schema) return [];
  const known = plain(schema, whole);
  const id = `${operation.operationId}-body`;
  const text = made("textarea", { id, name: "body", spellcheck: "false" });
  text.value = JSON.stringify(required(known, whole), null, 2);
  const adding = (name, member) => {
    const add = made("button", { type: "button", "aria-label": `Add ${name} to the body` }, "Add");
    add.addEventListener("click", () => addMember(text, name, sample(member, whole)));
    return [made("td", {}, add)];
  };
  return [made("h3", {}, made("label", { for: id }, "Body, JSON")), text, memberList("What the body may have", known, whole, adding)];
}

function answerPart(operation, whole) {
  const [, told] = Object.entries(operation.responses).find(([status]) => status.startsWith("2"));
  const schema = plain(told.content?.["application/json"].schema ?? {}, whole);
  const known = schema.type === "array" ? plain(schema.items, whole) : schema;
  return known.properties ? [memberList("What the answer has", known, whole, () => [])] : [];
}

function memberList(title, schema, whole, more) {
  const rows = Object.entries(schema.properties ?? {}).map(([name, member]) => {
    const mark = schema.required?.includes(name) ? " *" : "";
    const said = made("td", {}, kind(member, whole), made("span", { class: "quiet" }, member.description ?? ""));
    return made("tr", {}, made("td", {}, made("code", {}, name), mark), said, ...more(name, member));
  });
  return made("details", { class: "members" }, made("summary", {}, title), made("table", {}, made("tbody", {}, ...rows)));
}

function addMember(text, name, value) {
  try {
    text.value = JSON.stringify({ ...JSON.parse(text.value || "{}"), [name]: value }, null, 2);
    text.removeAttribute("aria-invalid");
  } catch {
    text.setAttribute("aria-invalid", "true");
    text.focus();
  }
}

async function open(details) {
  const place = details.querySelector(".trial");
  if (place.childElementCount) return;
  try {
    const whole = await description();
    const operation = whole.paths[details.dataset.path][details.dataset.method.toLowerCase()];
    place.replaceChildren(trial(details, operation, whole));
  } catch (error) {
    place.replaceChildren(made("p", { class: "said bad" }, error.message));
  }
}

function trial(details, operation, whole) {
  // The first parameter is the organisation, which has its field at the head of the page.
  const fields = operation.parameters.slice(1).map((parameter) => field(operation, parameter, whole));
  const parameters = fields.length ? [made("h3", {}, "Parameters"), made("div", { class: "parameters" }, ...fields)] : [];
  const answer = made("div", { class: "answer", "aria-live": "polite" });
  const form = made("form", { novalidate: true }, ...parameters, ...bodyPart(operation, whole), made("button", { class: "main" }, "Send"), answer);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(details, form, answer);
  });
  return made("div", {}, form, ...answerPart(operation, whole));
}

// --- sending --------------------------------------------------------------------------------------------------------

function values(form, where) {
  const inputs = [...form.querySelectorAll(`[data-in="${where}"]`)];
  return inputs.flatMap((input) => {
    const given = input.multiple ? [...input.selectedOptions].map((option) => option.value) : [input.value.trim()];
    return given.filter((value) => !NEVER_SENT.has(value)).map((value) => [input.name, value]);
  });
}

function lacking(form) {
  const empty = [...form.querySelectorAll("[data-in][required]")].filter((input) => !input.value.trim());
  if (!ORGANISATION.value.trim()) empty.unshift(ORGANISATION);
  for (const input of [ORGANISATION, ...form.querySelectorAll("[data-in]")]) {
    input.toggleAttribute("aria-invalid", false);
    if (empty.includes(input)) input.setAttribute("aria-invalid", "true");
  }
  return empty;
}

function address(details, form) {
  const given = new Map(values(form, "path"));
  let first = true;
  const path = details.dataset.path.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = first ? ORGANISATION.value.trim() : given.get(name);
    first = false;
    return encodeURIComponent(value);
  });
  const query = new URLSearchParams(values(form, "query")).toString();
  return query ? `${path}?${query}` : path;
}

function request(details, form) {
  const headers = new Headers(values(form, "header"));
  if (TOKEN.value.trim()) headers.set("Authorization", `Bearer ${TOKEN.value.trim()}`);
  const body = form.elements.namedItem("body")?.value;
  if (body !== undefined) headers.set("Content-Type", "application/json");
  return { method: details.dataset.method, headers, body, cache: "no-store", credentials: "omit", redirect: "error" };
}

async function send(details, form, place) {
  const empty = lacking(form);
  if (empty.length) {
    place.replaceChildren(made("p", { class: "said bad" }, "This is needed: " + empty.map((input) => input.name || "organisation").join(", ")));
    empty[0].focus();
    return;
  }
  const where = address(details, form);
  place.replaceChildren(made("p", { class: "said busy" }, "Sent. Waiting for the answer …"));
  const begun = performance.now();
  try {
    const answer = await fetch(where, request(details, form));
    const text = await answer.text();
    place.replaceChildren(...shown(answer, text, Math.round(performance.now() - begun), where));
  } catch {
    place.replaceChildren(made("p", { class: "said bad" }, "The server does not answer, or a header holds what none can hold."));
  }
}

function shown(answer, text, milliseconds, where) {
  const state = answer.ok ? "ok" : "failed";
  const line = made("p", {}, made("span", { class: `state ${state}` }, `${answer.status} ${answer.statusText}`), ` ${milliseconds} ms `, made("code", {}, where));
  const headers = [...answer.headers].flatMap(([name, value]) => [made("dt", {}, name), made("dd", {}, value)]);
  const heads = made("details", {}, made("summary", {}, "Headers"), made("dl", { class: "facts" }, ...headers));
  return text ? [line, made("pre", { tabindex: "0", "aria-label": "Body of the answer" }, pretty(text)), heads] : [line, heads];
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

// --- the page -------------------------------------------------------------------------------------------------------

function filter(word) {
  let any = false;
  for (const section of document.querySelectorAll("main section")) {
    let some = false;
    for (const details of section.querySelectorAll(".operation")) {
      details.hidden = !details.querySelector("summary").textContent.toLowerCase().includes(word);
      some ||= !details.hidden;
    }
    section.hidden = !some;
    any ||= some;
  }
  document.getElementById("nothing").hidden = any;
}

function openNamed() {
  const details = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!(details instanceof HTMLDetailsElement)) return;
  FILTER.value = "";
  filter("");
  details.open = true;
  details.scrollIntoView();
}

for (const details of document.querySelectorAll(".operation")) {
  details.addEventListener("toggle", () => details.open && open(details));
}
FILTER.addEventListener("input", () => filter(FILTER.value.trim().toLowerCase()));
document.getElementById("caller").addEventListener("submit", (event) => event.preventDefault());
window.addEventListener("hashchange", openNamed);
openNamed();
