// What a row of a list opens: sections of stacks, records, links and values, as the other half finds them.

import { h, number, plain, clock } from "./common.js";
import { levelOf } from "./shown.js";

const SHOWN = 8; // frames of libraries in a row that are shown before they fold

/** sections: [{kind, title, …}]; can.go(to, id, record), can.zone(). */
export function sections(list, can) {
  return h("div", { class: "ll-sections" }, list.map((section) => {
    const draw = { stack, records, links, pairs, text: words }[section.kind];
    return draw && h("section", { "aria-label": section.title || "values" }, section.title ? h("h4", {}, section.title) : null, draw(section, can));
  }));
}

/** An exception and its frames, the innermost first; those of the application stand out. */
function stack({ head, frames }) {
  const rows = [];
  let library = [];
  const flush = () => {
    const held = library;
    library = [];
    if (held.length <= SHOWN) return rows.push(...held.map(frame));
    const box = h("div", { class: "ll-folded" });
    const fold = h("button", { class: "ll-fold", "aria-expanded": "false", onclick: () => {
      const open = !box.firstChild;
      box.replaceChildren(...(open ? held.map(frame) : []));
      fold.setAttribute("aria-expanded", String(open));
    } }, `${number(held.length)} frames of libraries`);
    return rows.push(h("div", {}, fold, box));
  };
  for (const f of frames || []) {
    if (f.own) { flush(); rows.push(frame(f)); } else library.push(f);
  }
  flush();
  return h("div", { class: "ll-stack" }, head ? h("div", { class: "ll-raised" }, plain(head.slice(0, 2000))) : null, rows);
}

function frame(f) {
  return h("div", { class: `ll-line${f.own ? " ll-own" : ""}` }, h("span", { class: "ll-call" }, plain(f.call || "(anonymous)")), h("span", { class: "ll-place" }, plain(f.place || "")));
}

function records({ rows, left, none }, can) {
  if (!rows.length) return h("div", { class: "ll-soft" }, none || "no records");
  const box = h("div", { class: "ll-records" }, rows.map((row) => {
    const text = plain((row.body ?? "(no body)").slice(0, 1000));
    const line = h("button", { class: `ll-record ${levelOf(row.severity)}${row.at ? " ll-here" : ""}`, "aria-expanded": "false", title: row.how || null },
      h("span", {}, row.time === null ? "(no time)" : clock(row.time, can.zone()).clock), h("span", { class: "ll-level" }, plain(row.severity).toUpperCase()),
      h("span", { class: "ll-where" }, row.service === null ? "(no service)" : plain(row.service)), h("span", { class: "ll-body" }, text),
      h("span", { class: "ll-soft" }, row.how || ""));
    const around = h("div", {}, line);
    line.addEventListener("click", () => {
      const open = !line.nextSibling;
      if (open) around.append(h("pre", {}, String(row.body ?? "")));
      else line.nextSibling.remove();
      line.setAttribute("aria-expanded", String(open));
    });
    return around;
  }));
  // One reads back from what it is about, which stands last.
  if (rows[rows.length - 1].at) requestAnimationFrame(() => { box.scrollTop = box.scrollHeight; });
  return h("div", {}, box, left ? h("div", { class: "ll-soft" }, left) : null);
}

function links({ to, ids, left }, can) {
  if (!ids.length) return h("div", { class: "ll-soft" }, "none");
  return h("div", { class: "ll-links" }, ids.map(({ id, note, record }) => h("button", { onclick: () => can.go(to, id, record ?? null), title: `the ${to} ${plain(id)}` }, h("span", { class: "ll-mono" }, plain(id.slice(0, 80))), note ? h("span", { class: "ll-soft" }, ` ${note}`) : null)),
    left ? h("span", { class: "ll-soft" }, left) : null);
}

function pairs({ pairs: all }) {
  return h("dl", { class: "ll-pairs" }, all.flatMap(([name, value]) => [h("dt", {}, plain(name)), h("dd", {}, plain(String(value).slice(0, 4000)))]));
}

function words({ text }) {
  return h("div", {}, plain(text));
}
