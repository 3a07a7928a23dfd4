// All records of a query in a table: rows come as they are looked at, each opens in place, and every value can be asked for.

import { h, number, plain, later, notebook } from "./common.js";
import { Pages } from "./pages.js";
import { Scroll } from "./scroll.js";
import { Columns } from "./columns.js";
import { menu, closeMenu, helpBox } from "./menu.js";
import { details, deeds, pattern } from "./record.js";
import { fillRow, smallRow, textOf, hoverMenu } from "./cells.js";
import { Chosen, pinStrip } from "./chosen.js";

const ROW = 24; // px, as in table.css
let tables = 0;

class Table {
  constructor(el, port) {
    Object.assign(this, { el, port, data: {}, at: 0, col: 1, name: `lt${++tables}`, drawn: new Map(), spare: [], layout: 0, words: null });
    this.pages = new Pages((offset, limit, revision) => port.ask("page", { offset, limit, revision }), () => this.arrived(), (e) => this.fail(e));
    this.chosen = new Chosen(this);
    this.build();
    this.view = later((offset, rows) => this.data.alone || port.ask("view", { offset, rows: Math.min(500, rows) }).catch(() => {}), 150);
    this.size = new ResizeObserver(() => this.resized());
    this.size.observe(this.rows);
    this.grown = new ResizeObserver((all) => all.forEach((entry) => this.grow(entry.target)));
    this.off = port.on("data", () => this.update());
    this.update();
  }

  build() {
    const { el } = this;
    el.classList.add("lt-table");
    this.can = {
      root: el, ask: (kind, args) => this.port.ask(kind, args), words: () => this.words, zone: () => this.data.zone || "UTC",
      offers: (kind) => this.port.can(kind),
      filter: this.port.can("filter") ? (field, op, value, id) => this.tell("filter", id === undefined ? { field, op, value } : { field, op, id }) : null,
      columns: (field) => !this.columns.has(field), add: (field) => this.columns.add(field),
      facet: (field) => this.tell("facet", { field }), go: (to, id, record) => this.tell("go", { to, id, record }),
      split: () => this.data.split === true, from: (id) => this.tell("split", { id }),
      pinned: (id) => (this.data.pinned || []).includes(id), pin: (id, note) => this.tell("pin", { id, note }), unpin: (id) => this.tell("unpin", { id }),
      say: (text) => this.say(text), small: (page, i, own) => this.small(page, i, own), leave: () => this.grid.focus(),
    };
    this.columns = new Columns(el, {
      send: (columns) => this.tell("columns", { columns }), order: (on) => this.tell("newest", { on }),
      changed: () => { this.layout++; this.draw(); },
    });
    this.rows = h("div", { class: "lt-rows", role: "rowgroup" });
    this.wide = h("div", { class: "lt-wide", role: "presentation" }, h("div", { role: "rowgroup" }, this.columns.head), this.rows);
    this.grid = h("div", { class: "lt-grid", role: "grid", tabindex: "0", "aria-label": "records", "aria-multiselectable": "true" }, this.wide);
    this.scroll = new Scroll(this.rows, ROW, () => this.draw());
    this.status = h("span", { class: "ln-num" });
    this.said = h("span", { role: "status", class: "lt-said" });
    this.error = h("div", { class: "lt-error", role: "alert", hidden: true });
    this.title = h("span", { class: "lt-title" });
    this.pins = h("div", { class: "lt-pins", role: "group", "aria-label": "pinned records", hidden: true });
    this.help = helpBox();
    this.ns = h("button", { "aria-pressed": "false", title: "all nanoseconds of each time", onclick: () => this.digits(!this.columns.ns) }, "ns");
    const add = this.adds = h("button", { "aria-haspopup": "dialog", onclick: () => this.columns.choose(add) }, "columns +");
    const out = h("button", { "aria-haspopup": "menu", hidden: !this.port.can("export"), onclick: () => this.chosen.menu(out) }, "export");
    const keys = h("button", { title: "keys", "aria-label": "keys", onclick: () => this.helped() }, "?");
    el.append(h("div", { class: "lt-bar-top" }, this.title, h("span", { class: "lt-tools" }, this.ns, add, out, keys)), this.pins, this.error,
      h("div", { class: "lt-frame" }, this.grid, this.scroll.bar), h("div", { class: "lt-foot" }, this.status, this.said), this.help);
    this.listen();
  }

  listen() {
    this.grid.addEventListener("keydown", (event) => this.key(event));
    this.rows.addEventListener("click", (event) => this.click(event));
    const ask = (event) => {
      const cell = this.hit(event);
      if (!cell || cell.details) return;
      event.preventDefault();
      this.focusOn(cell.index, cell.col);
      this.ask(cell.index, cell.col);
    };
    hoverMenu(this.rows, ask);
    this.rows.addEventListener("contextmenu", ask);
    for (const type of ["focus", "blur"]) this.grid.addEventListener(type, () => this.draw());
    this.el.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !this.help.hidden) { this.helped(); event.stopPropagation(); }
    });
  }

  /** The other half has set new data. */
  update() {
    const [data, before] = [this.port.get("data") || {}, this.data];
    if (data.revision === undefined) return;
    this.data = data;
    this.words = pattern(data.words);
    if (data.revision !== before.revision) {
      const same = before.count === data.count && before.newest === data.newest && JSON.stringify(before.words) === JSON.stringify(data.words) && before.query === data.query;
      this.pages.reset(data.revision, data.count, data.page);
      this.scroll.count = data.count;
      if (!same) this.settle();
      this.error.hidden = true;
    }
    if (before.every_ns !== data.every_ns) this.columns.ns = Boolean(data.every_ns);
    this.columns.names = data.fields || [];
    this.adds.hidden = !this.columns.names.length;
    // A head that did not change stays as it is: an edge of it may be held by a mouse.
    const drawn = JSON.stringify([data.columns, data.newest, data.every_ns, data.zone, data.words]);
    if (drawn !== this.drawnAs) {
      this.drawnAs = drawn;
      this.columns.set(data.columns || [], data.newest);
      this.layout++;
    }
    this.grid.setAttribute("aria-rowcount", data.count + 1);
    this.head();
    if (JSON.stringify([before.pinned, before.notes]) !== JSON.stringify([data.pinned, data.notes])) {
      pinStrip(this).then(() => this.resized());
      for (const open of this.scroll.open.values()) open.el.querySelector(".lt-details").dispatchEvent(new Event("lt-pins"));
    }
    clearTimeout(this.slow); // what is quick does not flicker
    this.slow = setTimeout(() => this.el.classList.toggle("lt-busy", Boolean(data.busy)), data.busy ? 150 : 0);
    this.resized();
  }

  /** Other rows: the record that was open, and the row in focus, are looked for by id when their page is here. */
  settle() {
    this.lost = new Map();
    for (const [, open] of this.scroll.open) {
      open.el.remove();
      this.lost.set(open.id, open);
    }
    this.scroll.open.clear();
    this.at = this.scroll.y = 0;
    this.chosen.clear();
  }

  head() {
    const { count, query, alone, back } = this.data;
    const undo = alone && back ? h("button", { onclick: () => this.tell("back", {}) }, "back") : null;
    this.title.replaceChildren(...[h("b", {}, number(count)), this.data.tail || (count === 1 ? " record " : " records "), alone && query ? h("span", { class: "ln-mono ln-soft", title: query }, plain(query)) : null, undo].filter(Boolean));
  }

  arrived() {
    if (this.lost && this.lost.size) {
      const [first] = this.scroll.range();
      for (let i = first; i < first + 400 && i < this.data.count; i++) {
        const found = this.pages.row(i);
        const open = found && this.lost.get(found.page.ids[found.at]);
        if (open) { this.scroll.open.set(i, open); this.lost.delete(open.id); this.at = i; this.scroll.measure(); }
      }
    }
    this.draw();
  }

  resized() {
    if (!this.rows.clientHeight) return; // hidden, or in the midst of a theme's change
    const narrow = this.el.clientWidth < 656;
    if (narrow !== this.columns.narrow) { this.columns.narrow = narrow; this.layout++; this.columns.draw(); }
    this.el.classList.toggle("lt-narrow", narrow);
    this.grid.setAttribute("aria-colcount", this.columns.fields.length);
    this.el.style.setProperty("--lt-view", `${this.grid.clientWidth - 4}px`); // records do not move sideways with the rows
    this.scroll.measure();
    this.draw();
  }

  draw() {
    const [first, last] = this.scroll.range();
    const wanted = new Set();
    for (let i = first; i <= last; i++) wanted.add(i);
    for (const [i, row] of this.drawn) {
      if (wanted.has(i)) continue;
      this.drawn.delete(i);
      row.el.style.display = "none";
      this.spare.push(row);
    }
    for (const i of wanted) this.place(i);
    for (const [i, open] of this.scroll.open) {
      const seen = wanted.has(i);
      if (open.el.parentNode !== this.rows) this.rows.append(open.el);
      open.el.style.display = seen || open.el.contains(document.activeElement) ? "" : "none";
      if (!seen) continue;
      open.el.setAttribute("aria-rowindex", i + 2);
      open.el.style.transform = `translateY(${this.scroll.top(i) + ROW - this.scroll.y}px)`;
    }
    this.active();
    this.pages.want(first, last);
    this.tally(first, last);
  }

  place(i) {
    let row = this.drawn.get(i);
    if (!row) {
      row = this.spare.pop() || { el: h("div", { class: "lt-row", role: "row" }), layout: -1 };
      this.drawn.set(i, row);
      row.el.style.display = "";
      if (!row.el.parentNode) this.rows.append(row.el);
    }
    row.el.style.transform = `translateY(${this.scroll.top(i) - this.scroll.y}px)`;
    const here = this.pages.row(i);
    const above = i > 0 ? this.pages.row(i - 1) : null;
    const open = this.scroll.open.has(i);
    const id = here && here.page.ids[here.at];
    const state = `${this.layout}|${i}|${id}|${open}|${this.chosen.has(id)}|${Boolean(above)}`;
    if (row.state === state && row.page === (here && here.page)) return;
    Object.assign(row, { state, page: here && here.page });
    const { el } = row;
    el.setAttribute("aria-rowindex", i + 2);
    el.setAttribute("aria-selected", String(Boolean(here) && this.chosen.has(id)));
    el.setAttribute("aria-busy", String(!here));
    el.dataset.index = i;
    el.className = `lt-row lt-of-${here ? here.page.severity[here.at] : "none"}${here ? "" : " lt-wait"}${open ? " lt-opened" : ""}`;
    fillRow(el, here, above, open, this.how());
  }

  how() {
    const { ns, narrow, fields } = this.columns;
    return { zone: this.data.zone || "UTC", words: this.words, ns, narrow, fields };
  }

  /** The focus of the grid: a row and a column. */
  active() {
    const lit = document.activeElement === this.grid;
    this.grid.removeAttribute("aria-activedescendant");
    for (const [i, row] of this.drawn) {
      const on = i === this.at;
      row.el.classList.toggle("lt-at", on);
      [...row.el.children].forEach((cell, c) => {
        const here = on && c === this.col;
        cell.classList.toggle("lt-cell-at", here && lit);
        if (here) {
          cell.id = `${this.name}-${i}-${c}`;
          this.grid.setAttribute("aria-activedescendant", cell.id);
        } else cell.removeAttribute("id");
      });
    }
  }

  tally(first, last) {
    const { count, newest, zone } = this.data;
    const parts = [count && last >= first ? `rows ${number(first + 1)}–${number(last + 1)} of ${number(count)}` : count ? "" : "no records", newest ? "newest first" : "oldest first", zone || "UTC"];
    if (this.chosen.size) parts.push(`${number(this.chosen.size)} selected`);
    const text = parts.filter(Boolean).join(" · ");
    if (this.status.textContent !== text) this.status.textContent = text;
    const key = `${this.data.revision}|${first}|${last}`;
    if (count && last >= first && key !== this.seen) { this.seen = key; this.view(first, last - first + 1); }
  }

  focusOn(index, col = this.col) {
    this.at = Math.max(0, Math.min(this.data.count - 1, index));
    this.col = Math.max(0, Math.min(this.columns.fields.length - 1, col));
    this.scroll.show(this.at);
    this.drawn.get(this.at)?.el.children[this.col]?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  key(event) {
    if (event.target !== this.grid) {
      if (event.key === "Escape" && this.rows.contains(event.target)) { this.grid.focus(); event.preventDefault(); event.stopPropagation(); }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(this.scroll.view / ROW) - 1);
    const to = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }[event.key];
    if (event.key === "Tab" && (event.shiftKey || !this.scroll.open.has(this.at))) return;
    const doing = {
      ArrowLeft: () => this.focusOn(this.at, this.col - 1), ArrowRight: () => this.focusOn(this.at, this.col + 1),
      Enter: () => this.toggle(this.at), " ": () => this.chosen.select(this.at, event.shiftKey), x: () => this.exclude(), m: () => this.ask(this.at, this.col),
      c: () => this.chosen.copy(), "?": () => this.helped(), Escape: () => this.escape(),
      Tab: () => this.scroll.open.get(this.at).el.querySelector("button").focus(),
      "/": () => this.el.dispatchEvent(new CustomEvent("ln-search-focus", { bubbles: true, composed: true })),
    }[event.key];
    if (to === undefined && !doing) return;
    const [first, last] = this.scroll.range();
    if (this.at < first || this.at > last) this.at = Math.max(0, first); // one goes on from what is seen
    event.preventDefault();
    event.stopPropagation(); // the notebook has keys of its own
    if (doing) return doing();
    const from = this.at;
    this.focusOn(this.at + to);
    if (event.shiftKey && event.key.startsWith("Arrow")) this.chosen.select(this.at, true, from);
  }

  escape() {
    if (closeMenu()) return;
    if (this.scroll.open.has(this.at)) this.toggle(this.at);
    else if (this.chosen.size) this.chosen.clear();
  }

  hit(event) {
    const row = event.target.closest(".lt-row, .lt-detail");
    if (!row || !this.rows.contains(row)) return null;
    if (row.classList.contains("lt-detail")) return { details: true };
    const cell = event.target.closest("[role=gridcell]");
    return { index: Number(row.dataset.index), col: cell ? [...row.children].indexOf(cell) : 1 };
  }

  click(event) {
    const hit = this.hit(event);
    if (!hit || hit.details || String(window.getSelection())) return;
    this.grid.focus({ preventScroll: true });
    this.at = hit.index;
    this.col = hit.col;
    if (event.shiftKey || event.ctrlKey || event.metaKey) this.chosen.select(hit.index, event.shiftKey);
    else this.toggle(hit.index);
  }

  async toggle(index) {
    const open = this.scroll.open.get(index);
    if (open) {
      this.scroll.open.delete(index);
      this.grown.unobserve(open.el);
      if (open.el.contains(document.activeElement)) this.grid.focus();
      open.el.remove();
      this.scroll.measure();
      return this.focusOn(index);
    }
    const here = this.pages.row(index);
    if (!here) return;
    const { revision } = this.data;
    const id = here.page.ids[here.at];
    const record = await this.tell("record", { id });
    if (!record || revision !== this.data.revision || this.scroll.open.has(index)) return;
    const el = h("div", { class: `lt-detail lt-of-${record.severity}`, role: "row" }, h("div", { role: "gridcell", "aria-colspan": this.columns.fields.length }, details(record, this.can)));
    this.rows.append(el);
    this.scroll.open.set(index, { id, el, height: el.offsetHeight, record });
    this.grown.observe(el);
    this.scroll.measure();
    this.scroll.show(index);
  }

  /** Details have another height now. */
  grow(el) {
    for (const [i, open] of this.scroll.open) {
      if (open.el !== el || !el.offsetHeight || open.height === el.offsetHeight) continue;
      const by = el.offsetHeight - open.height;
      if (this.scroll.top(i) + ROW + open.height <= this.scroll.y) this.scroll.y += by; // above what is read: nothing moves
      open.height = el.offsetHeight;
      this.scroll.measure();
      this.draw();
    }
  }

  /** A row of a small list: a record around another, or a pin. */
  small(page, i, own) {
    return smallRow(page, i, own, this.how(), async () => {
      const record = await this.tell("record", { id: page.ids[i] });
      return record && details(record, this.can);
    });
  }

  /** The menu of a value in a row. */
  ask(index, col) {
    const here = this.pages.row(index);
    const field = this.columns.fields[col];
    const anchor = this.drawn.get(index)?.el.children[col];
    if (!here || !anchor || field === "open" || field === "delta") return;
    const text = textOf(field, here.page, here.at);
    menu(this.el, anchor, plain(field), deeds(this.can, { field, text, id: here.page.ids[here.at], said: text === null ? "(absent)" : plain(text) }), this.grid);
  }

  exclude() {
    const here = this.pages.row(this.at);
    const field = this.columns.fields[this.col];
    if (here && this.can.filter && field !== "open" && field !== "delta") this.can.filter(field, "exclude", undefined, here.page.ids[here.at]);
  }

  digits(on) {
    this.columns.ns = on;
    this.ns.setAttribute("aria-pressed", String(on));
    this.columns.draw();
    this.columns.changed();
  }

  helped() {
    this.help.hidden = !this.help.hidden;
    (this.help.hidden ? this.grid : this.help).focus();
  }

  /** Ask the other half; an error is shown and gives undefined. */
  tell(kind, args) {
    return this.port.ask(kind, args).catch((error) => { this.fail(error); });
  }

  fail(error) {
    const close = h("button", { "aria-label": "dismiss", onclick: () => { this.error.hidden = true; this.resized(); } }, "×");
    this.error.replaceChildren(h("span", {}, error.message), close);
    this.error.hidden = false;
    this.said.textContent = "";
  }

  say(text) {
    this.said.textContent = text;
  }

  end() {
    this.off();
    this.size.disconnect();
    this.grown.disconnect();
    closeMenu();
  }
}

export function mount(el, port) {
  const table = new Table(el, port);
  return () => table.end();
}

export default notebook(mount);
