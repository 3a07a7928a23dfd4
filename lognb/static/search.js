// The search bar: the query as text, its conditions as chips, and the chain of what each step leaves.
import { clock, copy, h, hideStill, later, notebook, number, plain } from "./common.js";

const GLYPH = { "!=": "≠", ">=": "≥", "<=": "≤" };
const CONDITION = /^("(?:[^"\\]|\\[\s\S])*"|[^\s"()<>=!:~]+)(!=|<=|>=|[<>=:~])([\s\S]*)$/;
const TINTED = 5000; // characters; beyond, a text is shown without colours
let serial = 0;

/** A query text as [kind, text] pieces, for colours only: "field", "op", "value", "word" (AND, NOT …), "" (the rest). */
export function pieces(text) {
  if (text.length > TINTED) return [["", text]];
  const out = [];
  let at = 0, behind = false, list = false;
  const take = (pattern) => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    return found && found[0];
  };
  while (at < text.length) {
    let kind = "", part = take(/\s+/y);
    if (part === null && behind && (part = take(/"(?:[^"\\]|\\[\s\S])*"?|[^\s"()]+/y))) [kind, behind] = ["value", false];
    else if (part === null && list && (part = take(/"(?:[^"\\]|\\[\s\S])*"?|[^\s"(),]+/y))) kind = "value";
    else if (part === null && (part = take(/!=|<=|>=|[<>=:~]/y))) [kind, behind] = ["op", true];
    else if (part === null && (part = take(/-(?=[^\s])/y))) kind = "word";
    else if (part === null && (part = take(/"(?:[^"\\]|\\[\s\S])*"?|(?:[^\s"()<>=!:~]|!(?!=))+/y))) {
      const rest = text.slice(at + part.length, at + part.length + 40);
      if (/^\s*(!=|[<>=:~])|^\s+(in\s*\(|exists\b)/i.test(rest)) kind = "field";
      else if (/^(AND|OR|NOT|in|exists)$/.test(part)) kind = "word";
      else kind = part.startsWith('"') ? "value" : "";
    } else if (part === null) {
      part = text[at];
      list = part === "(" ? /\bin\s*$/i.test(text.slice(0, at)) : list && part !== ")";
    }
    out.push([kind, part]);
    at += part.length;
  }
  return out;
}

// Python counts characters, JavaScript UTF-16 units.
const points = (text, units) => [...text.slice(0, units)].length;
const units = (text, at) => [...text].slice(0, at).join("").length;

/** A condition as people read it: "severity ≥ error". */
function readable(text, negated) {
  const own = negated && text.startsWith("-") ? text.slice(1) : text;
  const found = CONDITION.exec(own);
  const shown = found ? `${found[1]} ${GLYPH[found[2]] || found[2]} ${found[3]}` : own;
  return plain((own === text ? "" : "not ") + shown);
}

/** A window in words: the day once, the fraction where there is one. */
function spoken({ since, until }, zone) {
  const told = (ns) => {
    const at = clock(ns, zone);
    const rest = at.rest === "000000" ? "" : at.rest;
    return { day: at.day, clock: at.clock.endsWith(".000") && !rest ? at.clock.slice(0, -4) : at.clock + rest };
  };
  const [a, b] = [since, until].map((ns) => (ns === null ? null : told(ns)));
  if (!a || !b) return a ? `from ${a.day} ${a.clock}` : `before ${b.day} ${b.clock}`;
  return `${a.day} ${a.clock} – ${a.day === b.day ? "" : `${b.day} `}${b.clock}`;
}

function mount(el, port) {
  el.classList.add("ln-search");
  const id = `ln-search-${++serial}-${Math.random().toString(36).slice(2, 8)}`;
  let data = port.get("data");
  let fault = null; // of the text that stands in the field
  let menu = null; // {items, start, end, active}: completions, or history with start null
  let asked = 0;
  let sent = null; // the text that was asked for, until it is shown as the query prints it
  const drafts = []; // texts that were typed and replaced before they were a query

  const tint = h("div", { class: "ln-tint", "aria-hidden": "true" });
  const field = h("textarea", {
    class: "ln-text", rows: 1, spellcheck: "false", autocomplete: "off", autocapitalize: "off", role: "combobox",
    "aria-label": "Query", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": `${id}-menu`,
    "aria-describedby": `${id}-error`, placeholder: "search: words, severity>=error, http.route=/cart …",
  });
  const list = h("ul", { id: `${id}-menu`, class: "ln-menu", role: "listbox", "aria-label": "Completions", hidden: true });
  const wrong = h("div", { id: `${id}-error`, class: "ln-fault", role: "status" });
  const said = h("div", { class: "ln-fault", role: "alert" });
  const chips = h("div", { class: "ln-chips", role: "group", "aria-label": "Conditions" });
  const trail = h("ol", { class: "ln-trail", "aria-label": "Records after each step" });
  const hint = h("div", { class: "ln-hint", role: "status" });
  const button = (label, title, fn, more) => h("button", { type: "button", title, "aria-label": title, onclick: fn, ...more }, label);
  const undo = button("↶", "Undo (Ctrl+Z)", () => ask("undo"));
  const redo = button("↷", "Redo (Ctrl+Shift+Z)", () => ask("redo"));
  const past = button("▾", "Queries of before", () => (menu ? close() : history()), { class: "ln-past" });
  const stop = button("Cancel", "Cancel counting", () => ask("cancel"), { class: "ln-cancel", hidden: true });
  const zone = h("select", { "aria-label": "Time zone", title: "Time zone", onchange: () => ask("zone", { name: zone.value }) });
  const copying = (label, what) => {
    const made = button(label, label, async () => {
      await copy(data[what] || "");
      made.textContent = "Copied";
      setTimeout(() => (made.textContent = label), 1200);
    }, { "aria-live": "polite", "aria-label": null });
    return made;
  };
  el.append(
    h("div", { class: "ln-bar" }, h("div", { class: "ln-field" }, h("div", { class: "ln-grow" }, tint, field), past, list),
      stop, undo, redo, copying("Copy code", "code"), copying("Copy link", "permalink"), zone),
    wrong, said, h("div", { class: "ln-steps" }, chips, trail), hint, h("div", { class: "ln-running", hidden: true }));
  const running = el.lastChild;

  const say = (error) => (said.textContent = error ? plain(error.message || error) : "");
  const ask = (kind, args) => port.ask(kind, args).then((value) => { say(""); return value; }, (error) => { say(error); return undefined; });

  function paint() {
    const text = field.value;
    const nodes = [];
    let at = 0;
    const [from, to] = fault ? [units(text, fault.start), units(text, fault.end)] : [0, 0];
    for (const [kind, part] of pieces(text)) {
      for (const [a, b, bad] of fault ? [[at, from, false], [from, to, true], [to, Infinity, false]] : [[at, Infinity, false]]) {
        const piece = text.slice(Math.max(a, at), Math.min(b, at + part.length));
        if (piece) nodes.push(h("span", { class: [kind && `ln-t-${kind}`, bad && "ln-wrong"].filter(Boolean).join(" ") || null }, piece));
      }
      at += part.length;
    }
    if (fault && from >= text.length) nodes.push(h("span", { class: "ln-wrong" }, "\u00a0"));
    tint.replaceChildren(...nodes, "\u200b"); // a last line feed has a line too
    wrong.textContent = fault ? plain(fault.message) : "";
    field.setAttribute("aria-invalid", String(Boolean(fault)));
  }

  const check = later(async () => {
    const text = field.value;
    const found = text.trim() ? await ask("check", { text }) : null;
    if (field.value === text && found !== undefined) { fault = found; paint(); }
  }, 300);

  const offer = later(async () => {
    if (menu && menu.start === null) return;
    const text = field.value;
    const mine = ++asked;
    const at = field.selectionEnd;
    const found = await port.ask("complete", { text, cursor: points(text, at) }).catch(() => null);
    if (!found || mine !== asked || field.value !== text || field.selectionEnd !== at || field !== field.ownerDocument.activeElement) return;
    const [start, end] = [units(text, found.start), units(text, found.end)];
    const items = found.items.filter((item) => item.text !== text.slice(start, end));
    if (items.length) open({ items, start, end }, "Completions");
    else close();
  }, 60);

  function open(what, name) {
    menu = { ...what, active: -1 };
    list.setAttribute("aria-label", name);
    list.replaceChildren(...what.items.map((item, i) => h("li", {
      id: `${id}-${i}`, role: "option", "aria-selected": "false", onmousedown: (e) => { e.preventDefault(); accept(i); },
    }, h("span", { class: "ln-mono" }, plain(item.text.slice(0, 300))), h("span", { class: "ln-note" }, item.note || ""))));
    list.style.left = `${what.start === null ? 0 : Math.max(0, Math.min(place(what.start), list.parentNode.clientWidth - 220))}px`;
    list.hidden = false;
    list.scrollTop = 0;
    field.setAttribute("aria-expanded", "true");
  }

  /** How far right a character stands in the field. */
  function place(at) {
    const walk = document.createTreeWalker(tint, NodeFilter.SHOW_TEXT);
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
      if (at > node.length) { at -= node.length; continue; }
      const range = document.createRange();
      range.setStart(node, at);
      return range.getBoundingClientRect().left - list.parentNode.getBoundingClientRect().left;
    }
    return 0;
  }

  function close() {
    asked += 1;
    menu = null;
    list.hidden = true;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  }

  function move(step) {
    const n = menu.items.length;
    menu.active = menu.active < 0 ? (step > 0 ? 0 : n - 1) : (menu.active + step + n) % n;
    [...list.children].forEach((li, i) => li.setAttribute("aria-selected", String(i === menu.active)));
    field.setAttribute("aria-activedescendant", `${id}-${menu.active}`);
    list.children[menu.active].scrollIntoView({ block: "nearest" });
  }

  function put(text, from, to) {
    field.focus();
    field.setSelectionRange(from, to);
    // The old command is the only one after which the field's own undo still works.
    if (text ? !document.execCommand("insertText", false, text) : from !== to && !document.execCommand("delete")) {
      field.setRangeText(text, from, to, "end");
      typed();
    }
  }

  function accept(i) {
    const { items, start, end } = menu;
    close();
    if (start === null) { put(items[i].text, 0, field.value.length); close(); return apply(); }
    // Behind a whole field comes an operator, behind a keyword a space.
    put(items[i].text + (items[i].note === "keyword" || items[i].text === "exists" ? " " : ""), start, end);
  }

  function history() {
    const seen = [...new Set([...drafts, ...data.history])].filter((text) => text && text !== field.value).slice(0, 50);
    if (!seen.length) return say("no query was asked here before");
    field.focus();
    asked += 1; // what may still be offered for the text comes too late
    open({ items: seen.map((text) => ({ text, note: drafts.includes(text) ? "draft" : "" })), start: null }, "Queries of before");
  }

  function typed() {
    fault = null;
    paint();
    check();
    if (field.value.trim()) offer();
    else close();
  }

  async function apply() {
    close();
    const text = (sent = field.value);
    const found = await ask("query", { text });
    sent = null; // a change that it made came before the answer
    if (found !== undefined && field.value === text) { fault = found; paint(); }
  }

  field.addEventListener("input", typed);
  field.addEventListener("blur", () => setTimeout(close, 0));
  field.addEventListener("click", close);
  field.addEventListener("keydown", (e) => {
    if (e.isComposing) return;
    if (["ArrowLeft", "ArrowRight", "Home", "End", "PageUp", "PageDown"].includes(e.key)) close(); // it was for another place
    const arrow = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    if (arrow && menu) { e.preventDefault(); move(arrow); }
    else if (arrow && !field.value) { e.preventDefault(); history(); }
    else if (e.key === "Tab" && menu && !e.shiftKey && menu.start !== null) { e.preventDefault(); accept(Math.max(menu.active, 0)); }
    else if (e.key === "Enter" && !e.shiftKey) { e.preventDefault(); if (menu && menu.active >= 0) accept(menu.active); else apply(); }
    else if (e.key === "Escape" && menu) { e.preventDefault(); close(); }
    else if (e.key === "Escape" && field.value !== data.text) { e.preventDefault(); put(data.text, 0, field.value.length); close(); }
    else if (e.key === " " && e.ctrlKey) { e.preventDefault(); offer(); }
  });

  let shown = "", editing = null;
  function drawChips() {
    const state = JSON.stringify([data.chips, data.window, data.zone]);
    if (state === shown) return;
    const focused = chips.contains(document.activeElement) ? document.activeElement.dataset.at : null;
    const draft = editing && data.chips.find((c) => c.i === editing.i && c.text === editing.text) ? editing : null;
    shown = state;
    editing = null;
    chips.replaceChildren(...data.chips.map(chip), ...(data.window ? [window_(data.window)] : []));
    if (draft) edit(chips.querySelector(`[data-i="${draft.i}"]`), data.chips.find((c) => c.i === draft.i), draft.input.value);
    else if (focused) (chips.querySelector(`[data-at="${focused}"]`) || chips.querySelector("button:last-of-type") || field).focus();
  }

  function chip(c) {
    const name = readable(c.text, c.negated);
    const other = c.negated ? "Include instead" : "Exclude instead";
    const made = h("span", { class: `ln-chip${c.negated ? " ln-not" : ""}`, "data-i": c.i },
      h("button", { type: "button", class: "ln-words", "data-at": `e${c.i}`, title: `${plain(c.text.slice(0, 2000))}\n${c.said ? `${plain(c.said.slice(0, 2000))}\n` : ""}Click to edit`, onclick: () => edit(made, c, c.text) }, name.length > 120 ? `${name.slice(0, 119)}…` : name, c.said ? h("span", { class: "ln-soft" }, ` “${plain(c.said.length > 60 ? `${c.said.slice(0, 59)}…` : c.said)}”`) : null),
      h("button", { type: "button", "data-at": `n${c.i}`, title: other, "aria-label": `not: ${name}`, "aria-pressed": String(c.negated), onclick: () => ask("negate", { i: c.i }) }, "⊘"),
      h("button", { type: "button", "data-at": `x${c.i}`, title: "Remove", "aria-label": `Remove ${name}`, onclick: () => ask("drop", { i: c.i }) }, "×"));
    return made;
  }

  function window_(w) {
    const name = spoken(w, data.zone);
    return h("span", { class: "ln-chip ln-window" }, h("span", { class: "ln-words", title: "The window of time, half-open" }, name),
      h("button", { type: "button", "data-at": "w", title: "All times again", "aria-label": `Remove the window ${name}`, onclick: () => ask("drop_window") }, "×"));
  }

  function edit(made, c, text) {
    const input = h("input", { class: "ln-mono", "aria-label": `Edit ${readable(c.text, c.negated)}`, spellcheck: "false" });
    const size = () => (input.style.width = `${Math.min(Math.max(input.value.length + 2, 8), 60)}ch`);
    const end = () => { editing = null; if (made.isConnected) { const again = chip(c); made.replaceWith(again); again.firstChild.focus(); } };
    input.value = text;
    input.addEventListener("input", () => { size(); input.removeAttribute("aria-invalid"); say(""); });
    input.addEventListener("keydown", async (e) => {
      if (e.key === "Escape") { say(""); end(); }
      if (e.key !== "Enter") return;
      const found = input.value.trim() ? await ask("edit", { i: c.i, text: input.value }) : await ask("drop", { i: c.i });
      if (found) {
        input.setAttribute("aria-invalid", "true");
        say(found.message);
        input.setSelectionRange(units(input.value, found.start), units(input.value, found.end));
      } else if (found === null) end();
    });
    size();
    made.replaceChildren(input);
    editing = { i: c.i, text: c.text, input };
    input.focus();
    input.select();
  }

  function drawTrail() {
    const steps = data.steps.filter((s) => s.text);
    const all = data.total === null ? [] : [{ text: "all records", records: data.total }];
    const chain = [...all, ...(steps.length || data.count === null || data.count === data.total ? steps : [{ text: "the query", records: data.count }])];
    trail.replaceChildren(...chain.map((s, i) => h("li", { title: plain(s.text.slice(0, 300)), class: i === chain.length - 1 ? "ln-now" : null },
      h("span", { class: "ln-hide" }, `${plain(s.text.slice(0, 300))}: `), s.records === null ? "…" : number(s.records), h("span", { class: "ln-hide" }, " records"))));
  }

  function drawZones() {
    const names = data.zones.length ? data.zones : Intl.supportedValuesOf ? Intl.supportedValuesOf("timeZone") : [];
    const wanted = [...new Set(["UTC", "local", data.zone, ...names])];
    if (zone.dataset.names !== wanted.join()) {
      zone.dataset.names = wanted.join();
      const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
      zone.replaceChildren(...wanted.map((name) => h("option", { value: name }, name === "local" ? `local (${own})` : plain(name))));
    }
    zone.value = data.zone;
  }

  function drawHint() {
    if (!data.hint) return hint.replaceChildren();
    const found = data.chips.find((c) => c.i === data.hint.drop);
    hint.replaceChildren(plain(data.hint.text), found ? h("button", { type: "button", onclick: () => ask("drop", { i: found.i }) }, `drop ${readable(found.text, found.negated).slice(0, 80)}`) : "");
  }

  let timer = 0;
  function drawBusy() {
    if (data.busy && !timer) timer = setTimeout(() => { stop.hidden = running.hidden = false; el.setAttribute("aria-busy", "true"); }, 150);
    if (data.busy) return;
    clearTimeout(timer);
    timer = 0;
    if (stop === document.activeElement) field.focus();
    stop.hidden = running.hidden = true;
    el.removeAttribute("aria-busy");
  }

  function draw() {
    const before = data.text;
    data = port.get("data");
    // A draft stays while nothing else was asked, or was begun behind what was; else the text says what is shown, and
    // the draft is kept for the list of queries.
    const other = before !== data.text;
    const ahead = other && sent !== null && field.value !== sent && field === document.activeElement;
    if (field.value !== data.text && other && !ahead) {
      if (field.value.trim() && ![before, sent, ...drafts].includes(field.value)) drafts.unshift(field.value);
      field.value = data.text;
      fault = null;
      close();
    }
    if (data.error && field.value === data.text) fault = data.error;
    undo.disabled = !data.undo;
    redo.disabled = !data.redo;
    for (const part of [paint, drawChips, drawTrail, drawZones, drawHint, drawBusy]) part();
  }

  /** The panel that this bar is part of: its keys and wishes are ours, those of another panel are not. */
  const panel = () => el.closest(".ln-explorer, .widget-vbox, .jp-OutputArea-output") || document;
  const ours = (e) => e.target === document || panel().contains(e.target);
  const focus = (e) => { if (ours(e)) { field.focus(); field.select(); } };
  const keys = (e) => {
    if (!(e.ctrlKey || e.metaKey) || e.altKey || e.key.toLowerCase() !== "z" || e.target === document.body) return;
    if (!ours(e) || e.target.closest("input, textarea, select, [contenteditable]")) return;
    e.preventDefault();
    ask(e.shiftKey ? "redo" : "undo");
  };
  document.addEventListener("ln-search-focus", focus);
  document.addEventListener("keydown", keys);
  field.value = data.text;
  draw();
  const off = port.on("data", draw);
  const reveal = hideStill(port.get("data").still);
  return () => {
    off();
    reveal();
    clearTimeout(timer);
    document.removeEventListener("ln-search-focus", focus);
    document.removeEventListener("keydown", keys);
  };
}

export default notebook(mount);
