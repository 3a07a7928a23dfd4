// The cells of a row, and the rows of small lists: what of a page of records is drawn, and how.

import { h, plain, clock } from "./common.js";
import { marked } from "./record.js";

const BODY = 1000; // characters of a body in a row
const OF_PAGE = { body: "body", service_name: "service", severity: "severity", record_id: "ids" };
const KINDS = new Set(["open", "time", "delta", "severity", "body"]);

/** The time between two rows, ns, in a unit that is read at once. */
export function gap(ns) {
  const n = Number(ns < 0n ? -ns : ns);
  const units = [[1e3, 1, "ns", 0], [1e6, 1e3, "µs", 0], [1e9, 1e9, "s", 3], [6e10, 1e9, "s", 2], [3.6e12, 6e10, "min", 1], [8.64e13, 3.6e12, "h", 1], [Infinity, 8.64e13, "d", 1]];
  const [, size, unit, digits] = units.find(([below]) => n < below);
  return `${ns < 0n ? "−" : "+"}${(n / size).toFixed(digits)} ${unit}`;
}

/** The text of a field in a row of a page, null where there is none. */
export function textOf(field, page, at) {
  if (field === "time") {
    const shown = page.time[at] === null ? null : clock(page.time[at], "UTC");
    return shown && `${shown.day}T${shown.clock}${shown.rest}Z`;
  }
  const found = OF_PAGE[field] ? page[OF_PAGE[field]] : page.cells[field];
  return found ? found[at] ?? null : null;
}

/** A row's element. `here` and `above` are {page, at}, null while they are not here; `how` is {zone, ns, narrow, words, fields}. */
export function fillRow(el, here, above, open, how) {
  const known = [...el.children];
  how.fields.forEach((field, c) => {
    let cell = known[c];
    if (!cell) el.append((cell = h("div", { role: "gridcell" })));
    cell.setAttribute("aria-colindex", c + 1);
    cell.className = `lt-cell lt-${KINDS.has(field) ? field : "other"}`;
    cell.removeAttribute("title");
    if (field === "open") cell.setAttribute("aria-expanded", String(open));
    cell.replaceChildren(...(here ? content(cell, field, here, above, open, how) : []));
  });
  known.slice(how.fields.length).forEach((cell) => cell.remove());
}

function content(cell, field, { page, at }, above, open, how) {
  if (field === "open") return [open ? "▾" : "▸"];
  if (field === "time") return timeOf(cell, page.time[at], above, how);
  if (field === "delta") {
    const last = above ? above.page.time[above.at] : null;
    return last !== null && page.time[at] !== null ? [gap(BigInt(page.time[at]) - BigInt(last))] : [];
  }
  const text = textOf(field, page, at);
  if (text === null) return [h("span", { class: "ln-soft" }, { service_name: "(no service)", body: "(no body)" }[field] || "")];
  if (field === "severity") return [plain(text).toUpperCase()];
  if (field === "body") return marked(plain(text.slice(0, BODY)), how.words);
  cell.title = plain(text.slice(0, 300));
  return [cell.title];
}

function timeOf(cell, ns, above, how) {
  if (ns === null) return [h("span", { class: "ln-soft" }, "(no time)")];
  const shown = clock(ns, how.zone);
  const last = above && above.page.time[above.at] !== null ? clock(above.page.time[above.at], how.zone).day : null;
  cell.title = `${shown.day} ${shown.clock}${shown.rest} ${how.zone}`;
  const day = shown.day === last || how.narrow ? null : h("span", { class: "ln-soft lt-day" }, shown.day.slice(5));
  return [day, shown.clock, how.ns ? h("span", { class: "ln-soft" }, shown.rest) : null].filter(Boolean);
}

/** A row of a small list: a button, and below it what `open` gives, once it is pressed. */
export function smallRow(page, i, own, how, open) {
  const [ns, service] = [page.time[i], page.service[i]];
  const row = h("button", { class: `lt-small ln-mono lt-of-${page.severity[i]}${own ? " lt-own" : ""}`, "aria-expanded": "false", "aria-current": own ? "true" : null },
    h("span", {}, ns === null ? "(no time)" : clock(ns, how.zone).clock), h("span", { class: "lt-severity" }, page.severity[i].toUpperCase()),
    h("span", {}, service === null ? "(no service)" : plain(service)), h("span", { class: "lt-text" }, marked(plain((page.body[i] ?? "").slice(0, BODY)), how.words)));
  const box = h("div", {}, row);
  row.addEventListener("click", async () => {
    const was = row.nextSibling;
    if (was) was.remove();
    const inner = was ? null : await open();
    if (inner) box.append(h("div", { class: "lt-nested" }, inner));
    row.setAttribute("aria-expanded", String(Boolean(inner)));
  });
  return box;
}

/** A button in the cell under the mouse; ask(event) shows its menu. Keys have "m", so it is in nobody's way. */
export function hoverMenu(rows, ask) {
  const dots = h("button", { class: "lt-dots", tabindex: "-1", "aria-hidden": "true", title: "what can be done with it" });
  dots.addEventListener("click", (event) => { event.stopPropagation(); ask(event); });
  rows.addEventListener("pointerover", (event) => {
    const cell = event.target.closest("[role=gridcell]");
    const row = cell && cell.parentElement;
    const on = row && row.parentElement === rows && row.classList.contains("lt-row") && !cell.matches(".lt-open, .lt-delta");
    if (!on) dots.remove();
    else if (dots.parentElement !== cell) cell.append(dots);
  });
  rows.addEventListener("pointerleave", () => dots.remove());
}
