// The edge of a column, to be dragged.

import { h } from "./common.js";

/** To stand in a head; moved(width) while it is dragged, done() at the end. */
export function edge(moved, done) {
  const grip = h("span", { class: "lt-grip", "aria-hidden": "true" });
  grip.addEventListener("click", (event) => event.stopPropagation());
  grip.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    event.stopPropagation();
    grip.setPointerCapture(event.pointerId);
    const [from, was] = [event.clientX, grip.parentElement.offsetWidth];
    const move = (e) => moved(was + e.clientX - from);
    grip.addEventListener("pointermove", move);
    grip.addEventListener("pointerup", () => { grip.removeEventListener("pointermove", move); done(); }, { once: true });
  });
  return grip;
}
