// The tabs of a panel, and the list that is open: rows of an answer, sorted and searched here, each a condition of the query.

import { h, number, plain, later, notebook } from "./common.js";
import { Scroll } from "./scroll.js";
import { closeMenu, helpBox } from "./menu.js";
import { Answer } from "./answer.js";
import { Heads } from "./heads.js";
import { Tabs } from "./tabs.js";
import { Deeds, HELP } from "./deeds.js";
import { fill, levelOf, atRight, largestFirst, sortable } from "./shown.js";
import { sections } from "./sections.js";
import { Choices } from "./choices.js";

const TALL = 26; // px, as in listing.css
let lists = 0;

class Listing {
  constructor(el, port) {
    Object.assign(this, { el, port, name: `ll${++lists}`, data: {}, at: 0, col: 0, drawn: new Map(), spare: [], opened: new Map(), looks: new Map(), look: fresh() });
    this.answer = new Answer((args) => port.ask("rows", args));
    this.build();
    this.size = new ResizeObserver(() => this.resized());
    this.size.observe(this.rows);
    this.grown = new ResizeObserver((all) => all.forEach((entry) => this.grow(entry.target)));
    this.off = port.on("data", () => this.update());
    this.update();
  }

  build() {
    const { el } = this;
    el.classList.add("ll-list");
    this.tabs = new Tabs(`${this.name}-panel`, (name) => this.tell("tab", { name }));
    this.say = h("span", { class: "ll-say" });
    this.find = h("input", { type: "search", class: "ll-find", placeholder: "find", "aria-label": "Find in the list", spellcheck: "false" });
    this.find.addEventListener("input", later(() => this.looked({ text: this.find.value }), 120));
    this.find.addEventListener("keydown", (event) => this.findKey(event));
    const out = this.out = h("button", { "aria-haspopup": "menu", onclick: () => this.deeds.copies(out) }, "copy");
    const keys = h("button", { title: "keys", "aria-label": "keys", onclick: () => this.helped() }, "?");
    this.rows = h("div", { class: "ll-rows", role: "rowgroup" });
    this.grid = h("div", { class: "ll-grid", role: "grid", tabindex: "0", "aria-label": "list" });
    this.heads = new Heads(this.grid, { sort: (column) => this.sort(column), changed: () => this.resized() });
    this.grid.append(h("div", { role: "rowgroup" }, this.heads.el), this.rows);
    this.scroll = new Scroll(this.rows, TALL, () => this.draw());
    this.error = h("div", { class: "ll-error", role: "alert", hidden: true });
    this.wait = h("div", { class: "ll-wait", role: "status", hidden: true });
    this.status = h("span", { class: "ln-num" });
    this.told = h("span", { role: "status", class: "ll-told" });
    this.help = helpBox(HELP);
    [this.deeds, this.choices] = [new Deeds(this), new Choices((args) => this.tell("against", args))];
    this.frame = h("div", { class: "ll-frame" }, this.grid, this.scroll.bar);
    this.panel = h("div", { class: "ll-panel", role: "tabpanel", id: `${this.name}-panel`, hidden: true }, h("div", { class: "ll-top" }, this.say, h("span", { class: "ll-tools" }, this.find, out, keys)), this.choices.el, this.error,
      this.wait, this.frame, h("div", { class: "ll-foot" }, this.status, this.told), this.help);
    el.append(this.tabs.el, this.panel);
    this.listen();
  }

  listen() {
    this.grid.addEventListener("keydown", (event) => this.key(event));
    this.rows.addEventListener("click", (event) => this.click(event));
    this.rows.addEventListener("contextmenu", (event) => {
      const hit = this.hit(event);
      if (!hit || hit.details) return;
      event.preventDefault();
      this.focusOn(hit.index, hit.col);
      this.deeds.menu(hit.index);
    });
    for (const type of ["focus", "blur"]) this.grid.addEventListener(type, () => this.active());
    this.el.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !this.help.hidden) { this.helped(); event.stopPropagation(); }
    });
  }

  /** The other half has set new data. */
  update() {
    const [data, before] = [this.port.get("data") || {}, this.data];
    if (data.revision === undefined) return;
    this.data = data;
    this.tabs.draw(data.tabs, data.tab);
    this.panel.hidden = data.tab === null;
    if (data.tab !== null && data.tabs.length) this.panel.setAttribute("aria-labelledby", `${this.name}-panel-tab`);
    if (data.tab !== before.tab) this.another(before.tab);
    clearTimeout(this.slow); // what is quick does not flicker
    const busy = () => {
      this.el.classList.toggle("ll-busy", Boolean(data.busy));
      this.grid.setAttribute("aria-busy", String(Boolean(data.busy)));
      this.waiting();
    };
    if (data.busy) this.slow = setTimeout(busy, 150); else busy();
    this.fail(data.error);
    this.choices.draw(data);
    this.frame.hidden = Boolean(data.choices) && !data.ready;
    this.say.textContent = plain(data.sentence || "");
    this.say.title = plain(data.sentence || "");
    if (data.revision !== before.revision || data.zone !== before.zone) this.fetch();
    else this.draw();
  }

  /** Another tab: how its list was looked at before comes back. */
  another(before) {
    if (before) this.looks.set(before, this.look);
    this.look = this.looks.get(this.data.tab) || fresh();
    this.find.value = this.look.text;
    this.forget();
    this.answer = new Answer((args) => this.port.ask("rows", args));
    this.at = this.col = 0;
    this.scroll.y = this.scroll.count = 0;
    this.draw(); // what was listed is not of this tab
    this.grid.setAttribute("aria-label", (this.data.tabs.find((t) => t.name === this.data.tab) || {}).title || "list");
  }

  forget() {
    for (const open of this.opened.values()) open.el.remove();
    for (const all of [this.opened, this.scroll.open]) all.clear();
  }

  /** Ask for the rows that are not here, sort and search those that are; what is shown stays until then. */
  async fetch(top = false) {
    const { data, answer } = this;
    const id = top ? null : this.shownAt(this.at);
    const before = answer.revision;
    if (data.ready) {
      if (this.look.by === undefined) [this.look.by, this.look.down] = data.order || [null, false];
      const here = await answer.load(data.revision, this.look, data.columns).catch((error) => { this.fail(error.message); });
      if (!here || data.revision !== this.data.revision) return;
      if (before !== answer.revision) this.forget();
      answer.arrange(this.data.columns, this.look);
      answer.measure(this.data.columns, this.data.zone);
      this.scroll.count = answer.order.length;
      this.at = Math.max(0, id === null ? 0 : answer.place(id));
      this.grid.setAttribute("aria-rowcount", answer.order.length + 1);
    }
    this.reopen();
    this.waiting();
    this.resized();
    this.draw();
  }

  /** The details that are open stand where their rows are now. */
  reopen() {
    this.scroll.open.clear();
    for (const [row, open] of this.opened) {
      const i = this.answer.place(row);
      if (i >= 0) this.scroll.open.set(i, open);
      open.el.style.display = "none";
    }
  }

  looked(change) {
    Object.assign(this.look, change);
    this.at = this.scroll.y = 0; // what one sorts or looks for stands at the top
    this.fetch(true);
  }

  sort(column) {
    if (!column || !sortable(column)) return;
    const { by, down } = this.look;
    const first = largestFirst(column);
    if (by !== column.name) this.looked({ by: column.name, down: first });
    else if (down === first) this.looked({ down: !first });
    else this.looked({ by: null, down: false }); // as the answer has it
    this.told.textContent = this.look.by ? `sorted by ${column.head}, ${this.look.down ? "the largest first" : "the smallest first"}` : "in the order of the answer";
  }

  resized() {
    if (!this.rows.clientHeight) return; // hidden, or in the midst of a theme's change
    this.heads.lay(this.data.columns || [], this.rows.clientWidth, this.look, this.answer.days);
    this.col = Math.min(this.col, Math.max(0, this.columns.length - 1));
    this.el.style.setProperty("--ll-view", `${this.rows.clientWidth - 4}px`);
    this.scroll.measure();
    this.draw();
  }

  draw() {
    if (this.panel.hidden) return;
    const [first, last] = this.answer.got ? this.scroll.range() : [0, -1];
    this.some = Object.values(this.data.states || {}).includes("include");
    for (const [i, row] of this.drawn) {
      if (i >= first && i <= last) continue;
      this.drawn.delete(i);
      row.el.style.display = "none";
      this.spare.push(row);
    }
    for (let i = first; i <= last; i++) this.place(i);
    for (const [i, open] of this.scroll.open) {
      const seen = i >= first && i <= last;
      if (open.el.parentNode !== this.rows) this.rows.append(open.el);
      open.el.style.display = seen || open.el.contains(document.activeElement) ? "" : "none";
      if (!seen) continue;
      open.el.setAttribute("aria-rowindex", i + 2);
      open.el.style.transform = `translateY(${this.scroll.top(i) + TALL - this.scroll.y}px)`;
    }
    this.active();
    this.tally(first, last);
  }

  place(i) {
    let row = this.drawn.get(i);
    if (!row) {
      row = this.spare.pop() || { el: h("div", { class: "ll-row", role: "row" }), state: "" };
      this.drawn.set(i, row);
      row.el.style.display = "";
      if (!row.el.parentNode) this.rows.append(row.el);
    }
    const { el } = row;
    el.style.transform = `translateY(${this.scroll.top(i) - this.scroll.y}px)`;
    const [id, chosen] = [this.shownAt(i), this.stateOf(i)];
    const open = this.opened.has(id);
    const word = this.look.text.trim().toLowerCase();
    const state = JSON.stringify([this.answer.revision, this.data.zone, this.answer.days, id, chosen, open, this.heads.layout, word, this.some]);
    el.dataset.index = i;
    el.setAttribute("aria-rowindex", i + 2);
    if (row.state === state) return;
    row.state = state;
    el.className = `ll-row${chosen === "include" ? " ll-in" : chosen === "exclude" ? " ll-out" : ""}${open ? " ll-opened" : ""}${this.some && !chosen ? " ll-not" : ""}`;
    el.setAttribute("aria-selected", String(chosen === "include"));
    const level = this.data.columns.find((c) => c.kind === "severity");
    if (level) el.classList.add(levelOf(this.answer.value(level, i)));
    this.fillRow(el, i, chosen, open, word);
  }

  fillRow(el, i, chosen, open, word) {
    const { narrows, opens, zone } = this.data;
    const tick = h("div", { role: "gridcell", class: "ll-cell ll-tick", title: narrows ? "include, then exclude; Alt: only" : null }, narrows ? h("span", { class: "ll-box", "aria-hidden": "true" }) : null,
      h("span", { class: "ll-unseen" }, { include: "included", exclude: "excluded" }[chosen] || ""));
    const way = h("div", { role: "gridcell", class: "ll-cell ll-way", "aria-expanded": opens ? null : String(open), title: opens ? `open the ${opens}` : null }, opens ? "→" : open ? "▾" : "▸");
    const cells = this.columns.map((column) => {
      const cell = h("div", { role: "gridcell", class: `ll-cell ll-${column.kind}${atRight(column) ? " ll-right" : ""}` });
      fill(cell, column, this.answer.value(column, i), { zone, word, most: this.answer.most[column.name], day: this.answer.days });
      return cell;
    });
    el.replaceChildren(tick, way, ...cells);
  }

  /** What the query says of a row: "include", "exclude" or null. */
  stateOf(i) { return (this.answer.revision === this.data.revision && (this.data.states || {})[this.shownAt(i)]) || null; }

  get columns() { return this.heads.shown; }
  /** The number of a row in the answer. */
  shownAt(i) { return this.answer.row(i); }

  active() {
    const lit = document.activeElement === this.grid;
    this.grid.removeAttribute("aria-activedescendant");
    for (const [i, row] of this.drawn) {
      const on = i === this.at;
      row.el.classList.toggle("ll-at", on);
      [...row.el.children].forEach((cell, c) => {
        const here = on && c === this.col + 2;
        cell.classList.toggle("ll-cell-at", here && lit);
        if (here) {
          cell.id = `${this.name}-${i}-${c}`;
          this.grid.setAttribute("aria-activedescendant", cell.id);
        } else cell.removeAttribute("id");
      });
    }
  }

  tally(first, last) {
    const [columns, left] = [this.data.columns || [], this.heads.left.map((c) => c.head).join(", ")];
    const text = this.data.ready ? this.answer.tally(first, last, columns, this.look, [left && `no room for ${left}`, this.data.zone]) : "";
    if (this.status.textContent !== text) this.status.textContent = text;
  }

  /** What stands in the place of rows that are not there yet. */
  waiting() {
    const busy = this.el.classList.contains("ll-busy") && this.data.busy;
    const text = busy ? "asking …" : "";
    this.wait.hidden = !text;
    if (!text) return this.wait.replaceChildren();
    if (!this.wait.firstChild) this.wait.append(text, " ", h("button", { onclick: () => this.tell("stop", {}) }, "stop"));
    return undefined;
  }

  focusOn(index, col = this.col) {
    this.at = Math.max(0, Math.min(this.answer.order.length - 1, index));
    this.col = Math.max(0, Math.min(this.columns.length - 1, col));
    this.scroll.show(this.at);
    this.drawn.get(this.at)?.el.children[this.col + 2]?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  key(event) {
    if (event.target !== this.grid) {
      if (event.key === "Escape" && this.rows.contains(event.target)) { this.grid.focus(); event.preventDefault(); event.stopPropagation(); }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(this.scroll.view / TALL) - 1);
    const to = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }[event.key];
    const open = this.scroll.open.get(this.at);
    if (event.key === "Tab" && (event.shiftKey || !open)) return;
    const doing = {
      ArrowLeft: () => this.focusOn(this.at, this.col - 1), ArrowRight: () => this.focusOn(this.at, this.col + 1), Enter: () => this.open(this.at), i: () => this.deeds.choose(this.at, "include"), x: () => this.deeds.choose(this.at, "exclude"),
      o: () => this.deeds.of("only", this.at), r: () => this.deeds.of("records", this.at), s: () => this.sort(this.columns[this.col]), m: () => this.deeds.menu(this.at), f: () => this.find.focus(), c: () => this.deeds.copies(this.out), "?": () => this.helped(),
      Escape: () => closeMenu() || (open && this.open(this.at)), Tab: () => (open.el.querySelector("button") || open.el).focus(),
      "/": () => this.el.dispatchEvent(new CustomEvent("ln-search-focus", { bubbles: true, composed: true })),
    }[event.key];
    if (to === undefined && !doing) return;
    event.preventDefault();
    event.stopPropagation(); // the notebook has keys of its own
    const [first, last] = this.scroll.range();
    if (this.at < first || this.at > last) this.at = Math.max(0, first); // one goes on from what is seen
    if (doing) doing(); else this.focusOn(this.at + to);
  }

  findKey(event) {
    if (event.key !== "Escape" && event.key !== "Enter" && event.key !== "ArrowDown") return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Escape" && this.find.value) { this.find.value = ""; this.looked({ text: "" }); } else this.grid.focus();
  }

  hit(event) {
    const row = event.target.closest(".ll-row, .ll-detail");
    if (!row || !this.rows.contains(row)) return null;
    if (row.classList.contains("ll-detail")) return { details: true };
    const cell = event.target.closest("[role=gridcell]");
    const at = cell ? [...row.children].indexOf(cell) : 2;
    return { index: Number(row.dataset.index), col: Math.max(0, at - 2), tick: at === 0 };
  }

  click(event) {
    const hit = this.hit(event);
    if (!hit || hit.details || String(window.getSelection())) return;
    this.grid.focus({ preventScroll: true });
    [this.at, this.col] = [hit.index, hit.col];
    this.active();
    if (event.altKey) this.deeds.of("only", hit.index);
    else if (hit.tick && this.data.narrows) this.deeds.next(hit.index);
    else this.open(hit.index);
  }

  /** Open what a row stands for: its story, or its details in place, which are closed again. */
  async open(index) {
    const id = this.shownAt(index);
    if (id === null) return undefined;
    if (this.data.opens) return this.deeds.of("open", index);
    const was = this.opened.get(id);
    if (was) {
      this.opened.delete(id);
      this.grown.unobserve(was.el);
      if (was.el.contains(document.activeElement)) this.grid.focus();
      was.el.remove();
    } else {
      const { answer } = this;
      const list = await this.deeds.of("details", index);
      if (!list || answer !== this.answer || answer.place(id) < 0 || this.opened.has(id)) return undefined;
      const can = { zone: () => this.data.zone, go: (to, other, record) => this.tell("go", { to, id: other, record }) };
      const el = h("div", { class: "ll-detail", role: "row", tabindex: "-1" }, h("div", { role: "gridcell", "aria-colspan": this.columns.length + 2 }, this.deeds.buttons(id), sections(list, can)));
      this.rows.append(el);
      this.opened.set(id, { el, height: el.offsetHeight });
      this.grown.observe(el);
    }
    this.reopen();
    this.scroll.measure();
    this.scroll.show(this.answer.place(id));
    return undefined;
  }

  grow(el) {
    for (const open of this.opened.values()) {
      if (open.el !== el || !el.offsetHeight || open.height === el.offsetHeight) continue;
      open.height = el.offsetHeight;
      this.scroll.measure();
      this.draw();
    }
  }

  helped() {
    this.help.hidden = !this.help.hidden;
    (this.help.hidden ? this.grid : this.help).focus();
  }

  note(text) { this.told.textContent = text; }

  /** Ask the other half; an error is shown and gives undefined. */
  tell(kind, args) { return this.port.ask(kind, args).catch((error) => { this.fail(error.message); }); }

  fail(text) {
    this.error.hidden = !text;
    if (text) this.error.replaceChildren(h("span", {}, plain(text)), h("button", { "aria-label": "dismiss", onclick: () => { this.error.hidden = true; this.resized(); } }, "×"));
  }

  end() {
    this.off();
    clearTimeout(this.slow);
    for (const watch of [this.size, this.grown]) watch.disconnect();
    closeMenu();
  }
}

function fresh() {
  return { by: undefined, down: false, text: "", widths: {} }; // undefined: nobody has sorted it yet
}

export function mount(el, port) {
  const list = new Listing(el, port);
  return () => list.end();
}

export default notebook(mount);
