// A record whole: its values with their types, its body, its stack trace; and what can be done with each value.

import { h, number, clock, copy } from "./common.js";
import { menu, line } from "./menu.js";

const SHORT = 4; // lines of a long text that are shown at first
const LONG = 3000; // characters of it
const SAME = [["", "all records"], ["service", "same service"], ["node", "same node"], ["session", "same session"], ["trace", "same trace"]];

const FAR = [["", "by number"], ["1", "within 1 s"], ["10", "within 10 s"], ["60", "within 1 min"], ["600", "within 10 min"]];

/** Log text as it is, but for what would move text on the screen: control and bidirectional characters are escaped. */
function safe(text) {
  return String(text).replace(/\u001b\[[0-9;?]*[ -/]*[@-~]/g, "").replace(/\r\n/g, "\n")
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
      (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
}

/** Text with the words of the search as <mark>. */
export function marked(text, words) {
  if (!words) return [text];
  return text.split(words).map((part, i) => (i % 2 ? h("mark", {}, part) : part));
}

/** A pattern that splits a text at the words of a search, null for none. */
export function pattern(words) {
  const found = (words || []).filter(Boolean).map((w) => w.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return found.length ? new RegExp(`(${found.join("|")})`, "giu") : null;
}

/** A text of any length: its first lines, and a button for the rest. */
function foldable(text, words, said = "") {
  const all = safe(text);
  const lines = all.split("\n");
  let short = lines.length > SHORT + 1 ? lines.slice(0, SHORT).join("\n") : all;
  if (short.length > LONG) short = short.slice(0, LONG);
  const pre = h("pre", { class: "ln-mono" }, marked(short, words));
  if (short.length === all.length) return [pre];
  const rest = lines.length > SHORT + 1 ? `${number(lines.length)} lines` : `${number(all.length)} characters`;
  const button = h("button", { class: "lt-fold", "aria-expanded": "false" });
  const name = (open) => { button.textContent = open ? "fold" : `all ${said || rest}`; };
  button.addEventListener("click", () => {
    const open = button.getAttribute("aria-expanded") !== "true";
    button.setAttribute("aria-expanded", String(open));
    pre.replaceChildren(...marked(open ? all : short, words));
    name(open);
  });
  name(false);
  return [pre, button];
}

/** What can be done with a value: [text, fn, key] for a menu. `can` are the table's ways; without a filter only to copy. */
export function deeds(can, { field, text, value, id, said }) {
  const found = value !== undefined || id !== undefined;
  const copied = ["copy", () => copy(text === null ? "" : text)];
  if (!can.filter) return [copied];
  const to = (op) => () => can.filter(field, op, value, id);
  const shown = said.length > 40 ? said.slice(0, 39) + "…" : said;
  return [
    field && found && [`include ${shown}`, to("include")],
    field && found && [`exclude ${shown}`, to("exclude"), "x"],
    field && [`${field} exists`, to("exists")],
    field && can.columns(field) && ["add as a column", () => can.add(field)],
    field && ["facet this", () => can.facet(field)],
    copied,
  ];
}

function typed(node) {
  const quoted = node.type === "string" ? `"${safe(node.text)}"` : node.type === "empty" ? "null" : safe(node.text);
  return quoted;
}

/** A line of the list: the key, the value, its type; both open the menu. */
function valueLine(node, can, depth) {
  const lines = node.text !== undefined && (node.text.includes("\n") || node.text.length > 300);
  const name = h("span", { class: "lt-key", title: node.field || node.key }, safe(node.key));
  const word = h("span", { class: "lt-type" }, node.type, node.earlier ? " · repeated, the last one counts" : "");
  if (node.children) {
    const inner = h("div", { class: "lt-inner", hidden: depth > 0 || node.children.length > 10 });
    const count = `${node.text} ${node.type === "array" ? "items" : "members"}`;
    const button = h("button", { class: "lt-value", "aria-expanded": String(!inner.hidden) }, count);
    let drawn = false;
    const draw = () => { if (!drawn && !inner.hidden) { drawn = true; inner.append(...node.children.map((c) => valueLine(c, can, depth + 1))); } };
    button.addEventListener("click", () => { inner.hidden = !inner.hidden; button.setAttribute("aria-expanded", String(!inner.hidden)); draw(); });
    draw();
    return h("div", { class: "lt-node" }, name, h("span", {}, button, " ", word), inner);
  }
  const said = typed(node);
  const open = () => menu(can.root, button, `${node.key}`, deeds(can, { ...node, said, text: node.text }), button);
  const seen = lines ? (node.frames ? `${number(node.frames)} frames` : "text") : said;
  const button = h("button", { class: `lt-value lt-${node.type}`, "aria-haspopup": "menu", "aria-label": `${safe(node.key)}: ${seen}, ${node.type}` }, seen);
  button.addEventListener("click", open);
  button.addEventListener("keydown", (event) => {
    if (event.key !== "x" || !node.field || node.value === undefined || !can.filter) return;
    event.stopPropagation();
    can.filter(node.field, "exclude", node.value);
  });
  const zoned = node.ns ? h("span", { class: "lt-type" }, zonedText(node.ns, can.zone())) : null;
  const whole = lines ? h("div", { class: "lt-inner" }, foldable(node.text, null, node.frames ? `${number(node.frames)} frames` : "")) : null;
  return h("div", { class: "lt-node" }, name, h("span", {}, button, " ", word, zoned), whole);
}

function zonedText(ns, zone) {
  if (zone === "UTC") return "";
  const at = clock(ns, zone);
  return ` ${at.day} ${at.clock}${at.rest} ${zone}`;
}

function group(name, values, can) {
  if (!values.length) return null;
  return h("section", { class: "lt-group", "aria-label": name }, h("h4", {}, name), values.map((node) => valueLine(node, can, 0)));
}

function bodyOf(record, can) {
  const { text, type, pretty, frames } = record.body;
  if (text === null) return h("div", { class: "ln-soft" }, "(no body)");
  const said = frames ? `${number(frames)} frames` : "";
  return h("div", { class: "lt-body" }, h("span", { class: "lt-type" }, `body · ${type || "string"}${pretty ? " · JSON" : ""}`),
    foldable(pretty || text, can.words(), said));
}

/** The rows around a record, whatever the query. */
function around(record, can, box) {
  const select = h("select", { "aria-label": "around" }, SAME.map(([value, text]) => h("option", { value }, text)));
  const far = h("select", { "aria-label": "how far around" }, FAR.filter(([value]) => !value || record.time).map(([value, text]) => h("option", { value }, text)));
  const list = h("div", { class: "lt-around" });
  const cut = h("span", { class: "ln-soft", role: "status" });
  let sides = 20;
  const fill = async () => {
    try {
      const seconds = Number(far.value) || null;
      const most = seconds ? 500 : sides;
      more.hidden = seconds !== null;
      const page = await can.ask("context", { id: record.id, before: most, after: most, seconds, same: select.value || null });
      cut.textContent = seconds && (page.at === most || page.ids.length - page.at > most) ? `only the nearest ${most} on each side` : "";
      list.replaceChildren(...page.ids.map((id, i) => can.small(page, i, id === record.id)));
      const own = list.children[page.at];
      if (own) list.scrollTop = own.offsetTop - list.offsetTop - list.clientHeight / 2;
    } catch (error) {
      list.replaceChildren(h("div", { class: "lt-error" }, error.message));
    }
  };
  select.addEventListener("change", fill);
  far.addEventListener("change", fill);
  const more = h("button", { onclick: () => { sides = Math.min(500, sides * 3); more.disabled = sides === 500; fill(); } }, "more");
  box.replaceChildren(h("div", { class: "lt-acts" }, h("span", { class: "ln-soft" }, "around it, all filters dropped:"), far, select, more, cut), list);
  fill();
}

/** The buttons under a record. */
function acts(record, can, box) {
  const go = (to, id) => id && can.offers("go") && h("button", { onclick: () => can.go(to, id, record.id), title: `the story of this ${to}: ${id}` }, to[0].toUpperCase() + to.slice(1));
  const near = h("button", { "aria-expanded": "false", onclick: () => {
    const open = !box.firstChild;
    near.setAttribute("aria-expanded", String(open));
    if (open) around(record, can, box); else box.replaceChildren();
  } }, "Context ±20");
  const from = can.split() && record.time && h("button", { title: "What is different from here on, against what the window had before", onclick: () => can.from(record.id) }, "Compare from here");
  const pin = h("button", { class: "lt-pinning", onclick: () => (can.pinned(record.id) ? can.unpin(record.id) : line(can.root, pin, "a note to the pin", "", (note) => can.pin(record.id, note))) });
  const json = h("button", { onclick: () => { copy(asJson(record)); can.say("copied as JSON"); } }, "Copy JSON");
  near.hidden = !can.offers("context");
  pin.hidden = !can.offers("pin");
  return h("div", { class: "lt-acts" }, near, go("trace", record.ids.trace_id), go("session", record.ids.session_id), go("user", record.ids.user_id), from, pin, json);
}

/** A record as JSON text; numbers as they are written, and of a repeated key all values. */
function asJson(record) {
  const inner = (node) => {
    if (node.children) {
      const parts = node.children.map((c) => (node.type === "array" ? inner(c) : `${JSON.stringify(c.key)}: ${inner(c)}`));
      return node.type === "array" ? `[${parts.join(", ")}]` : `{${parts.join(", ")}}`;
    }
    const literal = ["int", "bool", "array", "kvlist"].includes(node.type) || (node.type === "double" && node.value !== undefined) || /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(node.type === "double" ? node.text : "");
    return node.type === "empty" ? "null" : literal ? node.text : JSON.stringify(node.text);
  };
  const groups = record.groups.filter((g) => g.values.length)
    .map((g) => `  ${JSON.stringify(g.name)}: {\n${g.values.map((n) => `    ${JSON.stringify(n.key)}: ${inner(n)}`).join(",\n")}\n  }`);
  const head = [`  "record_id": ${JSON.stringify(record.id)}`, `  "severity": ${JSON.stringify(record.severity)}`, `  "body": ${JSON.stringify(record.body.text)}`];
  return `{\n${[...head, ...groups].join(",\n")}\n}`;
}

/** The element of a record; `can` says how the table does what is asked. */
export function details(record, can) {
  const named = Object.fromEntries(record.groups.map((g) => [g.name, g.values]));
  const box = h("div", {});
  const el = h("div", { class: "lt-details" },
    bodyOf(record, can), acts(record, can, box), box,
    h("div", { class: "lt-two" },
      h("div", {}, group("attributes", named.attributes, can), group("scope", named.scope, can)),
      h("div", {}, group("ids", named.ids, can), group("resource", named.resource, can))),
    h("div", { class: "lt-two" }, h("div", {}, group("times", named.times, can)), h("div", {}, group("origin", named.origin, can))));
  const name = () => { el.querySelector(".lt-pinning").textContent = can.pinned(record.id) ? "Unpin" : "Pin with note"; };
  name();
  el.addEventListener("lt-pins", name);
  el.addEventListener("keydown", (event) => {
    const way = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }[event.key];
    const all = [...el.querySelectorAll("button, select")].filter((b) => b.offsetParent);
    const now = all.indexOf(document.activeElement);
    if (!way || now < 0 || document.activeElement.tagName === "SELECT") return;
    event.preventDefault();
    event.stopPropagation();
    const next = all[now + way];
    if (next) next.focus();
    else can.leave();
  });
  return el;
}
