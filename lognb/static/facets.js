// Facets: the values of fields with how many records have each. A click includes, the next excludes, the third lets go.
import { h, later, notebook, number, plain } from "./common.js";

const NEXT = { include: "exclude", exclude: null };
const LONG = 300; // characters of a value that are drawn; the whole of it goes back to Python
let serial = 0;

/** A share in per cent; only none and all are "0 %" and "100 %". */
export function share(part, whole) {
  if (!whole || !part) return "0 %";
  const percent = (100 * part) / whole;
  if (part === whole) return "100 %";
  if (percent < 0.1) return "<0.1 %";
  if (percent > 99.9) return ">99.9 %";
  return percent < 9.95 || percent >= 99.5 ? `${percent.toFixed(1)} %` : `${Math.round(percent)} %`;
}

function labelled(field, value) {
  if (value === null) return field === "service_name" ? "(no service)" : "(absent)";
  return value === "" ? '""' : plain(value.length > LONG ? `${value.slice(0, LONG)}…` : value);
}

function button(label, title, fn, more) {
  return h("button", { type: "button", title, "aria-label": title, onclick: fn, ...more }, label);
}

export function mount(el, port) {
  el.classList.add("ln-facets");
  const id = `ln-facets-${++serial}-${Math.random().toString(36).slice(2, 8)}`;
  let data = port.get("data");
  const made = new Map(); // field -> its part of the page, kept as long as the field is there

  const strip = h("div", { class: "ln-strip", role: "status" });
  const said = h("div", { class: "ln-said", role: "alert" });
  const all = h("div", { class: "ln-all" });
  const adder = adding();
  adder.hidden = !port.can("add");
  el.append(strip, adder, said, all);

  const say = (error) => (said.textContent = error ? plain(error.message || error) : "");
  const ask = (kind, args) => port.ask(kind, args).then((value) => { say(""); return value; });
  const tell = (kind, args) => ask(kind, args).catch((error) => {
    say(error);
    for (const own of made.values()) { own.clicked.clear(); fill(own); }
  });

  function part(facet) {
    const field = facet.field;
    const own = { field, facet, rows: new Map(), order: [], hovered: false, open: facet.open, found: null, at: 0 };
    own.clicked = new Map(); // states that were clicked and are not counted yet
    own.list = h("div", { class: "ln-values", role: "group", "aria-label": field === plain(field) ? field : plain(field), id: `${id}-${made.size}-${++serial}` });
    own.name = h("button", { type: "button", class: "ln-name", "aria-controls": own.list.id, title: plain(field), onclick: () => fold(own) }, h("span", {}, plain(field)));
    own.clear = button("clear", `Clear ${plain(field)}`, () => tell("clear", { field }), { class: "ln-small" });
    own.seek = button("⌕", `Search the values of ${plain(field)}`, () => seek(own), { class: "ln-small ln-seek", "aria-expanded": "false" });
    own.gone = button("×", `Remove the facet ${plain(field)}`, () => { adder.find.focus(); tell("remove", { field }); }, { class: "ln-small ln-seek" });
    own.text = h("input", { type: "search", class: "ln-find", placeholder: "find a value", "aria-label": `Find a value of ${plain(field)}`, hidden: true, spellcheck: "false" });
    own.more = h("button", { type: "button", class: "ln-more", onclick: () => tell("more", { field }) });
    own.none = h("div", { class: "ln-none", role: "status" });
    const search = later(() => {
      const text = own.text.value;
      ask("search", { field, text }).then((found) => { if (own.text.value === text && text) { own.found = found; fill(own); } }, say);
    }, 120);
    own.search = search;
    own.text.addEventListener("input", () => { if (own.text.value) search(); else { own.found = null; fill(own); } });
    own.text.addEventListener("keydown", (e) => {
      if (e.key === "Escape") { e.preventDefault(); seek(own); own.seek.focus(); }
      if (e.key === "ArrowDown" && own.order.length) { e.preventDefault(); focus(own, 0); }
    });
    // The order holds still under the pointer.
    own.list.addEventListener("pointerenter", () => (own.hovered = true));
    own.list.addEventListener("pointerleave", () => { own.hovered = false; fill(own); });
    own.list.addEventListener("keydown", (e) => keys(own, e));
    own.list.addEventListener("focusout", () => setTimeout(() => { if (!own.list.contains(document.activeElement)) fill(own); }, 0));
    own.el = h("section", { class: "ln-facet", "aria-label": plain(field) },
      h("div", { class: "ln-head" }, own.name, own.clear, port.can("search") ? own.seek : null, facet.fixed || !port.can("remove") ? null : own.gone), own.text, own.list, own.none, own.more);
    return own;
  }

  function fold(own) {
    own.open = !own.open;
    tell("fold", { field: own.field, open: own.open });
    fill(own);
  }

  function seek(own) {
    own.text.hidden = !own.text.hidden;
    own.seek.setAttribute("aria-expanded", String(!own.text.hidden));
    if (!own.text.hidden) {
      if (!own.open) fold(own);
      own.text.focus();
    } else {
      own.text.value = "";
      own.found = null;
      fill(own);
    }
  }

  function focus(own, at) {
    own.at = Math.max(0, Math.min(at, own.order.length - 1));
    own.order.forEach((key, i) => (own.rows.get(key).box.tabIndex = i === own.at ? 0 : -1));
    const row = own.rows.get(own.order[own.at]);
    if (row) row.box.focus();
  }

  function keys(own, e) {
    const at = own.order.findIndex((key) => own.rows.get(key).box === e.target);
    if (at < 0) return;
    const row = own.rows.get(own.order[at]);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: own.order.length - 1 }[e.key];
    if (to === -1 && !own.text.hidden) own.text.focus();
    else if (to !== undefined) focus(own, to);
    else if (e.key === " " || e.key === "Enter") { if (e.altKey || e.shiftKey) only(own, row); else toggle(own, row); }
    else if (e.key === "o" && !e.ctrlKey && !e.metaKey) only(own, row);
    else if (e.key === "Delete" || e.key === "Backspace") tell("clear", { field: own.field });
    else return;
    e.preventDefault();
  }

  // What was clicked shows at once; the counts follow.
  function toggle(own, row) {
    const state = row.state === null ? "include" : NEXT[row.state];
    clicked(own, row, state);
    tell("toggle", { field: own.field, value: row.value, state });
  }

  function only(own, row) {
    for (const other of own.rows.values()) clicked(own, other, other === row ? "include" : null);
    tell("only", { field: own.field, value: row.value });
  }

  function clicked(own, row, state) {
    own.clicked.set(row.value, state);
    mark(row, state);
  }

  function mark(row, state) {
    row.state = state;
    row.el.classList.toggle("ln-in", state === "include");
    row.el.classList.toggle("ln-out", state === "exclude");
    row.box.setAttribute("aria-checked", { include: "true", exclude: "mixed" }[state] || "false");
    row.word.textContent = state === "exclude" ? "excluded" : "";
  }

  function line(own, { value, text }) {
    const label = labelled(own.field, text || value);
    const row = { value, state: null };
    row.word = h("span", { class: "ln-word" });
    row.count = h("span", { class: "ln-count" });
    row.bar = h("span", { class: "ln-fill", "aria-hidden": "true" });
    if (own.field === "severity") row.bar.style.background = `var(--ln-${LEVEL.has(value) ? value : "info"})`;
    row.box = h("div", { class: "ln-box", role: "checkbox", tabindex: "-1", title: value === null ? "records without the field" : plain(`${value}${text ? `: ${text}` : ""}`.slice(0, 2000)) },
      h("span", { class: "ln-tick", "aria-hidden": "true" }), h("span", { class: "ln-label" }, h("span", { class: "ln-say" }, label), row.word), row.count, row.bar);
    row.box.addEventListener("click", (e) => { (e.altKey ? only : toggle)(own, row); hold(own, row); });
    row.el = h("div", { class: `ln-row${value === null || value === "" ? " ln-void" : ""}` }, row.box,
      button("only", `Only ${label}`, () => only(own, row), { class: "ln-only", tabindex: "-1" }));
    return row;
  }

  function hold(own, row) {
    const at = own.order.findIndex((key) => own.rows.get(key) === row);
    if (at >= 0) focus(own, at);
  }

  /** The rows of a facet, as its data or the search say; a row that was there is kept, and under the pointer its place. */
  function fill(own) {
    const { facet } = own;
    // What is named by the query is among the facet's own values, so these know better than a search of before.
    const known = new Map(facet.values.map((v) => [v.value, v]));
    const values = own.found ? own.found.map((v) => ({ ...v, state: null, ...known.get(v.value), records: v.records })) : facet.values;
    const fresh = new Map(values.map((v) => [v.value === null ? "" : `=${v.value}`, v]));
    const still = own.hovered || own.list.contains(document.activeElement);
    const kept = still && own.found === own.before ? own.order : [];
    own.before = own.found;
    const order = [...kept, ...[...fresh.keys()].filter((key) => !kept.includes(key))];
    const most = Math.max(1, ...values.map((v) => v.records || 0));
    const some = facet.values.some((v) => v.chosen === false);
    const rows = new Map();
    for (const key of order) {
      const v = fresh.get(key) || { value: key === "" ? null : key.slice(1), records: 0, state: null, chosen: true };
      const row = own.rows.get(key) || line(own, v);
      rows.set(key, row);
      mark(row, own.clicked.has(v.value) ? own.clicked.get(v.value) : v.state);
      row.count.textContent = v.records === null ? "…" : number(v.records);
      row.bar.style.width = v.records ? `max(2px, ${(100 * v.records) / most}%)` : "0";
      row.el.classList.toggle("ln-zero", v.records === 0);
      row.el.classList.toggle("ln-not", some && v.chosen === false && v.state === null);
    }
    for (const [key, row] of own.rows) if (!rows.has(key)) row.el.remove();
    // Only what stands elsewhere is moved: a node that is taken out loses the focus.
    order.forEach((key, i) => { if (own.list.children[i] !== rows.get(key).el) own.list.insertBefore(rows.get(key).el, own.list.children[i] || null); });
    [own.rows, own.order] = [rows, order];
    const active = order.findIndex((key) => rows.get(key).box === document.activeElement);
    own.at = active >= 0 ? active : Math.min(own.at, Math.max(0, order.length - 1));
    order.forEach((key, i) => (rows.get(key).box.tabIndex = i === own.at ? 0 : -1));
    own.list.hidden = !own.open;
    own.name.setAttribute("aria-expanded", String(own.open));
    own.clear.hidden = !facet.values.some((v) => v.state);
    own.none.textContent = own.found && !own.found.length ? "no value contains this" : !own.open || order.length ? "" : "no values here";
    const left = facet.distinct - facet.shown;
    own.more.hidden = !own.open || Boolean(own.found) || left <= 0;
    own.more.textContent = `${number(left)} more`;
    own.more.disabled = !port.can("more");
    own.more.setAttribute("aria-label", `${number(left)} more values of ${plain(own.field)}`);
  }

  /** A field for names of fields and for values; what is found is a facet at a click. */
  function adding() {
    const find = h("input", { type: "search", class: "ln-find", placeholder: "add a facet: a field, or a value", role: "combobox", "aria-label": "Add a facet, found by name or by value",
      "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": `${id}-fields`, spellcheck: "false" });
    const list = h("ul", { class: "ln-menu", role: "listbox", id: `${id}-fields`, "aria-label": "Fields", hidden: true });
    const state = h("div", { class: "ln-none", role: "status" });
    let items = [], active = -1;
    const close = () => { list.hidden = true; state.textContent = ""; items = []; find.setAttribute("aria-expanded", "false"); find.removeAttribute("aria-activedescendant"); };
    const take = (i) => { const field = items[i].field; find.value = ""; close(); tell("add", { field }); };
    const show = (answer) => {
      items = answer.found;
      active = items.length ? 0 : -1;
      list.replaceChildren(...items.map((item, i) => h("li", { role: "option", id: `${id}-f${i}`, "aria-selected": String(i === active), title: plain(item.field), onmousedown: (e) => { e.preventDefault(); take(i); } },
        h("span", { class: "ln-say" }, plain(item.field)), item.match === "value" ? h("span", { class: "ln-note" }, `${plain(item.value)} · ${number(item.records)}`) : null)));
      list.hidden = !items.length;
      find.setAttribute("aria-expanded", String(Boolean(items.length)));
      move(0);
      const looking = answer.left ? `values of ${number(answer.left)} more fields are being looked at` : "";
      state.textContent = looking || (items.length ? "" : "no other field has this name, or this as a frequent value");
    };
    const look = later(async () => {
      const text = find.value;
      let answer;
      do {
        answer = await ask("suggest", { text }).catch((error) => say(error) && null);
        if (!answer || find.value !== text || find !== document.activeElement) return;
        show(answer);
      } while (answer.left);
    }, 120);
    const move = (step) => {
      if (!items.length) return;
      active = (active + step + items.length) % items.length;
      [...list.children].forEach((li, i) => li.setAttribute("aria-selected", String(i === active)));
      find.setAttribute("aria-activedescendant", `${id}-f${active}`);
      if (step) list.children[active].scrollIntoView({ block: "nearest" });
    };
    find.addEventListener("input", look);
    find.addEventListener("focus", look);
    find.addEventListener("blur", close);
    find.addEventListener("keydown", (e) => {
      if (e.key === "Escape") close();
      else if (e.key === "Enter" && active >= 0 && items.length) take(active);
      else if (e.key === "ArrowDown") move(1);
      else if (e.key === "ArrowUp") move(-1);
      else return;
      e.preventDefault();
    });
    const box = h("div", { class: "ln-add" }, find, state, list);
    box.find = find;
    return box;
  }

  function drawStrip() {
    if (!data.strip) return strip.replaceChildren();
    const { records, sessions, users, with_session, with_user } = data.strip;
    const many = (n, word) => [h("b", {}, n === null || n === undefined ? "…" : number(n)), ` ${word}${n === 1 ? "" : "s"}`];
    const carried = (n) => (n === null || n === undefined || n === records || !n ? "" : ` (${share(n, records)} carry one)`);
    const piece = (...nodes) => h("span", {}, ...nodes);
    strip.replaceChildren(piece(...many(records, "record"), data.strip.tail || ""), " · ", piece(...many(sessions, "session"), carried(with_session)), " · ", piece(...many(users, "user"), carried(with_user)));
  }

  let timer = 0;
  function draw() {
    data = port.get("data");
    drawStrip();
    const wanted = new Set(data.facets.map((f) => f.field));
    for (const [field, own] of made) if (!wanted.has(field)) { own.el.remove(); made.delete(field); }
    data.facets.forEach((facet, i) => {
      if (!made.has(facet.field)) made.set(facet.field, part(facet));
      const own = made.get(facet.field);
      if (own.facet.open !== facet.open) own.open = facet.open;
      // While it is being counted the facets are those of before; what was clicked since stands as it was clicked.
      if (!data.busy || JSON.stringify(own.facet) !== JSON.stringify(facet)) own.clicked.clear();
      own.facet = facet;
      if (all.children[i] !== own.el) all.insertBefore(own.el, all.children[i] || null);
      fill(own);
      if (own.found) own.search();
    });
    if (data.busy && !timer) timer = setTimeout(() => el.setAttribute("aria-busy", "true"), 150);
    if (!data.busy) {
      clearTimeout(timer);
      timer = 0;
      el.removeAttribute("aria-busy");
    }
  }

  draw();
  const off = port.on("data", draw);
  return () => {
    off();
    clearTimeout(timer);
  };
}

const LEVEL = new Set(["fatal", "error", "warn", "info", "debug", "trace", "unspecified"]);
export default notebook(mount);
