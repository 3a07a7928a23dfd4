// The head of a story: whose it is, when, what went wrong, how much there is, and how the browser's clock is set; and the
// details of what is no record.
import { h, number, plain } from "./common.js";
import { stretch } from "./axes.js";
import { shortly } from "./marks.js";

const ERRORS = "Records, requests, console lines and events that are errors. One failure may be several of them: the browser tells it, and each service that it went through.";

/** Fill `head` with what `d` says; `can` are the ways to do what is clicked there. */
export function heading(head, d, can) {
  const some = (n, of, word) => `${n < of ? `${number(n)} of ` : ""}${number(of)} ${word}${of === 1 ? "" : "s"}`;
  const user = d.users[0], more = d.users.length + d.users_more - 1;
  const amounts = [some(d.records, d.records_of, "record") + (d.records < d.records_of ? " (the first, then errors only)" : ""), d.spans_of ? some(d.spans, d.spans_of, "span") : "no spans", d.recordings.length ? (d.recordings.length > 1 ? `${number(d.recordings.length)} recordings` : "recording") : "no recording", ...(d.left || [])];
  const name = { session: "Session", user: "User", trace: "Trace" }[d.kind], short = d.kind === "user" || d.id.length < 13 ? d.id : d.id.slice(0, 8);
  const path = d.services.slice(0, 5).map((s) => plain(s)).join(" → ") + (d.services.length > 5 ? ` and ${number(d.services.length - 5)} more` : "");
  head.replaceChildren(
    h("h3", { title: `${plain(d.id)}; click to copy` }, `${name} `, h("button", { class: "ls-id", "aria-label": `copy ${plain(d.id)}`, onclick: () => can.copy(d.id) }, plain(short).slice(0, 60))),
    ...[
      user && d.kind !== "user" && way(can, "user", user, "All sessions of this user", `user ${plain(user).slice(0, 40)}`, more > 0 ? ` and ${number(more)} more` : ""),
      d.kind === "user" && d.users.length > 1 && h("span", { title: d.users.map((u) => plain(u)).join("\n") }, `${number(d.users.length + d.users_more)} ids`),
      d.kind === "trace" && d.sessions.length === 1 && way(can, "session", d.sessions[0].id, d.sessions[0].id, `session ${plain(d.sessions[0].id).slice(0, 8)}`),
      d.kind === "user" && h("span", {}, some(d.sessions.length, Math.max(d.sessions_of, d.sessions.length), "session")),
      d.since && h("span", { class: "ln-num" }, `${whenOf(d)} · ${shortly(Number(BigInt(d.to) - BigInt(d.since)))}`),
      d.errors ? h("span", { class: "ls-of-error", title: ERRORS }, h("b", {}, `${number(d.errors)} error${d.errors === 1 ? "" : "s"}`)) : h("span", {}, "no errors"),
      path && h("span", { class: "ls-path", title: d.services.map((s) => plain(s)).join(" → ") }, path),
      h("span", { class: "ln-num" }, amounts.join(" · ")),
      h("span", { class: "ls-end" }, clockOf(d, can), d.inside && h("button", { class: "ls-shut", "aria-label": "close the story", title: "close the story", onclick: can.close }, "×")),
    ].filter(Boolean),
  );
}

/** A way to another story; words where nobody could tell it. */
function way(can, to, id, title, ...said) {
  return can.go ? h("button", { class: "ls-go", title, onclick: () => can.go(to, id) }, said) : h("span", {}, said);
}

/** From when to when, in whole seconds where it is longer than ten. */
function whenOf(d) {
  const unit = BigInt(d.to) - BigInt(d.since) > 10000000000n ? 1000000000n : 1000000n, cut = (ns) => (BigInt(ns) / unit) * unit;
  return `${stretch(cut(d.since), cut(d.to), d.zone || "UTC")} ${d.zone || "UTC"}`;
}

/** What is said of the browser's clock; a click lets one set it. */
function clockOf(d, can) {
  if (!d.clock.browser) return null;
  const found = d.clock.offset_ns, set = found === null ? can.offset !== 0 : Math.round(can.offset) !== Math.round(Number(found));
  // What is added to the browser's times is what its clock is behind.
  const off = can.offset ? `browser clock ${can.offset > 0 ? "−" : "+"}${shortly(can.offset)}, ${set ? "set by hand" : "corrected"}` : set ? "browser clock left as it was" : found === null ? "browser clock not compared" : "browser clock as the servers'";
  const input = h("input", { type: "number", step: "any", "aria-label": "seconds that the browser's clock is ahead", value: String(-can.offset / 1e9) });
  const form = h("form", { class: "ls-clock", hidden: true }, h("label", {}, "ahead by ", input, " s"), h("button", { type: "submit" }, "set"));
  const button = h("button", { class: "ls-go", title: `${plain(d.clock.why)}; click to change it, for what is shown only`, "aria-expanded": "false", onclick: () => {
    form.hidden = !form.hidden;
    button.setAttribute("aria-expanded", String(!form.hidden));
    if (!form.hidden) input.focus();
  } }, off);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (Number.isFinite(Number(input.value))) can.shift(-Number(input.value) * 1e9);
  });
  return h("span", { class: "ls-clocked" }, form, button);
}

/** What is known of a span, a click or a request: names and values as text. */
export function plainDetails(found, can) {
  const list = h("dl", { class: "ls-dl" }, found.values.flatMap(([key, value]) => [h("dt", {}, plain(key)), h("dd", {}, plain(value).slice(0, 4000))]));
  const go = (to, id) => id && can.go && h("button", { title: id, onclick: () => can.go(to, id) }, to[0].toUpperCase() + to.slice(1));
  const spans = found.trace && h("button", { onclick: () => can.trace(found.trace) }, "Show its trace");
  return h("div", { class: "lt-details" }, h("div", { class: "lt-acts" }, spans || null, go("session", found.session) || null, go("trace", found.trace) || null), list);
}
