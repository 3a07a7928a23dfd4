// The columns of the table: those that are always there, and any field; added, moved, resized and removed.

import { h, plain } from "./common.js";
import { menu, choose } from "./menu.js";
import { edge } from "./edge.js";

const LEAST = 40; // px
const USUAL = { time: 146, service_name: 108, other: 130 };
const OWN = new Set(["time", "severity", "service_name", "body"]);

export class Columns {
  /** send(columns) hands a new list to the other half; changed() draws; order() turns the order round. */
  constructor(root, { send, changed, order }) {
    Object.assign(this, { root, send, changed, order, list: [], names: [], newest: true, ns: false, narrow: false });
    this.head = h("div", { role: "row", class: "lt-row lt-head", "aria-rowindex": "1" });
    this.dragging = null;
  }

  set(list, newest) {
    Object.assign(this, { list: list.map((c) => ({ ...c })), newest });
    this.draw();
  }

  /** The fields beside those that are always there. */
  get others() {
    return this.list.filter((c) => !OWN.has(c.field)).map((c) => c.field);
  }

  /** What is drawn, from left to right. */
  get fields() {
    const own = this.narrow ? ["open", "time", "severity"] : ["open", "time", "delta", "severity", "service_name"];
    return [...own, ...this.others, "body"];
  }

  width(field) {
    const said = this.list.find((c) => c.field === field)?.width;
    if (said) return `${said}px`;
    if (field === "open") return "16px";
    if (field === "delta") return "70px";
    if (field === "severity") return "84px";
    if (field === "body") return `minmax(${this.narrow ? 120 : 160}px, 1fr)`;
    if (field === "time") return `${USUAL.time + (this.ns ? 48 : 0) - (this.narrow ? 40 : 0)}px`;
    return `${USUAL[field] || USUAL.other}px`;
  }

  draw() {
    this.root.style.setProperty("--lt-columns", this.fields.map((f) => this.width(f)).join(" "));
    const had = this.head.contains(document.activeElement) ? document.activeElement.dataset.field : null;
    this.head.replaceChildren(...this.fields.map((field, i) => this.cell(field, i)));
    if (had) [...this.head.querySelectorAll("button")].find((b) => b.dataset.field === had)?.focus();
  }

  cell(field, i) {
    const props = { role: "columnheader", class: "lt-cell", "aria-colindex": i + 1 };
    if (field === "open") return h("div", props, h("span", { class: "lt-unseen" }, "open"));
    if (field === "delta") return h("div", { ...props, class: "lt-cell lt-delta", title: "time since the row above" }, "Δ");
    if (field === "time") {
      const way = this.newest ? "newest" : "oldest";
      const button = h("button", { "data-field": "time", title: `${way} first; click to turn the order round`, onclick: () => this.order(!this.newest) },
        "time ", h("span", { "aria-hidden": "true" }, this.newest ? "↓" : "↑"));
      return h("div", { ...props, "aria-sort": this.newest ? "descending" : "ascending" }, button, this.grip(field));
    }
    const name = { service_name: "service" }[field] || plain(field);
    const button = h("button", { "data-field": field, title: name, "aria-haspopup": "menu", draggable: OWN.has(field) ? null : "true" }, name);
    button.addEventListener("click", () => menu(this.root, button, name, this.deeds(field)));
    button.addEventListener("keydown", (event) => this.key(event, field));
    const cell = h("div", props, button, this.grip(field));
    if (!OWN.has(field)) this.drag(cell, button, field);
    return cell;
  }

  deeds(field) {
    const at = this.others.indexOf(field);
    const wide = [["wider", () => this.resize(field, 40), "Shift →"], ["narrower", () => this.resize(field, -40), "Shift ←"]];
    const usual = ["usual width", () => this.resize(field, null)];
    if (at < 0) return [...wide, usual];
    return [
      at > 0 && ["move left", () => this.move(field, at - 1), "Alt ←"],
      at < this.others.length - 1 && ["move right", () => this.move(field, at + 1), "Alt →"],
      ...wide, usual, ["remove", () => this.remove(field), "Delete"],
    ];
  }

  key(event, field) {
    const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const at = this.others.indexOf(field);
    if (way && event.shiftKey) this.resize(field, way * 20);
    else if (way && event.altKey && at >= 0) this.move(field, at + way);
    else if (event.key === "Delete" && at >= 0) this.remove(field);
    else return;
    event.preventDefault();
  }

  grip(field) {
    return edge((width) => { this.put(field, Math.max(LEAST, width)); this.lay(); }, () => this.done());
  }

  drag(cell, button, field) {
    button.addEventListener("dragstart", (event) => {
      this.dragging = field;
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", field);
    });
    button.addEventListener("dragend", () => { this.dragging = null; });
    cell.addEventListener("dragover", (event) => { if (this.dragging) { event.preventDefault(); cell.classList.add("lt-over"); } });
    cell.addEventListener("dragleave", () => cell.classList.remove("lt-over"));
    cell.addEventListener("drop", (event) => {
      event.preventDefault();
      cell.classList.remove("lt-over");
      if (this.dragging) this.move(this.dragging, this.others.indexOf(field));
    });
  }

  lay() {
    this.root.style.setProperty("--lt-columns", this.fields.map((f) => this.width(f)).join(" "));
  }

  put(field, width) {
    const found = this.list.find((c) => c.field === field);
    if (found) found.width = width;
    else if (width) this.list.unshift({ field, width });
    this.list = this.list.filter((c) => c.width || !OWN.has(c.field));
  }

  resize(field, by) {
    const i = this.fields.indexOf(field);
    this.put(field, by === null ? null : Math.max(LEAST, Math.round(this.head.children[i].offsetWidth + by)));
    this.done();
  }

  move(field, to) {
    const names = this.others.filter((f) => f !== field);
    if (to < 0 || to > names.length) return;
    names.splice(to, 0, field);
    const by = new Map(this.list.map((c) => [c.field, c]));
    this.list = [...this.list.filter((c) => OWN.has(c.field)), ...names.map((f) => by.get(f))];
    this.done();
  }

  has(field) {
    return OWN.has(field) || this.others.includes(field);
  }

  add(field) {
    if (this.has(field)) return;
    this.list.push({ field, width: null });
    this.done();
  }

  remove(field) {
    this.list = this.list.filter((c) => c.field !== field);
    this.done();
  }

  choose(anchor) {
    choose(this.root, anchor, "add a field as a column", this.names.filter((f) => !this.has(f)), (field) => this.add(field));
  }

  done() {
    this.draw();
    this.changed();
    this.send(this.list.map(({ field, width }) => ({ field, width: width || null })));
  }
}
