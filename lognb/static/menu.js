// A menu at an element, a list to choose from by search, and a question for a line of text: all in the top layer, all by keyboard.

import { h } from "./common.js";

const KEYS = [["j k ↓ ↑", "the next, the last row"], ["← →", "another column"], ["PgUp PgDn Home End", "far away"], ["Enter", "open the record, or close it; Tab goes into it"],
  ["Space", "select; with Shift all rows from the last one selected"], ["m", "what can be done with the value; also a right click"], ["x", "exclude the value"],
  ["c", "copy the bodies that are selected"], ["/", "to the search"], ["Esc", "close, deselect"], ["?", "these keys"]];

let shut = null; // closes what is open; there is one at a time

function place(box, anchor) {
  const at = anchor.getBoundingClientRect();
  const [width, height] = [box.offsetWidth, box.offsetHeight];
  const left = Math.max(4, Math.min(at.left, window.innerWidth - width - 4));
  const below = at.bottom + height + 6 <= window.innerHeight || at.top < height + 6;
  const top = below ? Math.min(at.bottom + 2, window.innerHeight - height - 4) : at.top - height - 2;
  Object.assign(box.style, { left: `${left}px`, top: `${Math.max(4, top)}px` });
}

/** Show `box` at `anchor` until Escape, a click elsewhere or done(); the focus then goes back to `home`. */
function float(root, anchor, box, home) {
  if (shut) shut();
  root.append(box);
  if (box.showPopover) {
    box.popover = "manual"; // the top layer: no cell of a notebook cuts it off
    box.showPopover();
  }
  place(box, anchor);
  const outside = (event) => !box.contains(event.target) && close(false);
  const close = (back = true) => {
    if (shut !== close) return;
    shut = null;
    document.removeEventListener("pointerdown", outside, true);
    window.removeEventListener("resize", close);
    box.remove();
    if (back && home && home.isConnected) home.focus({ preventScroll: true });
  };
  shut = close;
  document.addEventListener("pointerdown", outside, true);
  window.addEventListener("resize", close);
  box.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault();
      close();
    }
  });
  box.addEventListener("focusout", (event) => event.relatedTarget && !box.contains(event.relatedTarget) && close(false));
  return close;
}

function steps(box, selector) {
  box.addEventListener("keydown", (event) => {
    const way = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const all = [...box.querySelectorAll(selector)];
    if (!way || !all.length) return;
    event.preventDefault();
    const now = all.indexOf(document.activeElement);
    all[now < 0 ? (way > 0 ? 0 : all.length - 1) : (now + way + all.length) % all.length].focus();
  });
}

/** items: [[text, fn], …], null for a line between. */
export function menu(root, anchor, label, items, home = anchor) {
  const box = h("div", { class: "ln lt-pop", role: "menu", "aria-label": label });
  const close = () => end();
  box.append(
    h("div", { class: "lt-pop-head ln-soft", role: "presentation" }, label),
    ...items.filter(Boolean).map(([text, fn, key]) =>
      h("button", { role: "menuitem", tabindex: "-1", onclick: () => { close(); fn(); } }, text, key ? h("kbd", {}, key) : null)),
  );
  steps(box, "[role=menuitem]");
  const end = float(root, anchor, box, home);
  const first = box.querySelector("[role=menuitem]");
  if (first) first.focus();
}

/** Choose one of many names by typing a part of it. */
export function choose(root, anchor, label, names, chosen) {
  const most = 100;
  const input = h("input", { type: "text", "aria-label": label, placeholder: label, spellcheck: "false" });
  const list = h("div", { class: "lt-list", role: "listbox", "aria-label": label });
  const box = h("div", { class: "ln lt-pop", role: "dialog", "aria-label": label }, input, list);
  const end = float(root, anchor, box, anchor);
  const pick = (name) => { end(); chosen(name); };
  const draw = () => {
    const word = input.value.trim().toLowerCase();
    const found = names.filter((name) => name.toLowerCase().includes(word));
    found.sort((a, b) => b.toLowerCase().startsWith(word) - a.toLowerCase().startsWith(word));
    list.replaceChildren(...found.slice(0, most).map((name) =>
      h("button", { role: "option", "aria-selected": "false", tabindex: "-1", class: "ln-mono", onclick: () => pick(name) }, name)));
    if (found.length > most) list.append(h("div", { class: "ln-soft", role: "presentation" }, `${most} of ${found.length}; type more of the name`));
    if (!found.length) list.append(h("div", { class: "ln-soft", role: "presentation" }, "no field has this in its name"));
  };
  input.addEventListener("input", draw);
  input.addEventListener("keydown", (event) => {
    const first = list.querySelector("[role=option]");
    if (event.key === "Enter" && first) { event.preventDefault(); first.click(); }
  });
  steps(box, "[role=option]");
  draw();
  place(box, anchor);
  input.focus();
}

/** Ask for a line of text. */
export function line(root, anchor, label, given, taken) {
  const input = h("input", { type: "text", "aria-label": label, placeholder: label, maxlength: "10000" });
  input.value = given;
  const form = h("form", { class: "ln lt-pop lt-line", role: "dialog", "aria-label": label }, input, h("button", { type: "submit" }, "OK"));
  const end = float(root, anchor, form, anchor);
  form.addEventListener("submit", (event) => { event.preventDefault(); end(); taken(input.value); });
  input.focus();
}

/** Close what is open; whether there was something. */
export function closeMenu() {
  const was = shut !== null;
  if (was) shut();
  return was;
}

/** Keys, [[key, what it does], …], to be shown when asked for; by default those of the table. */
export function helpBox(keys = KEYS) {
  return h("div", { class: "lt-help", role: "dialog", "aria-label": "keys", tabindex: "-1", hidden: true },
    h("dl", {}, keys.flatMap(([key, what]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, what)])));
}
