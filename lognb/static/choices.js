// What a comparison compares, said above its rows, and the buttons that compare something else.

import { h, plain, clock } from "./common.js";

export class Choices {
  /** against({how, time}) asks for another side. */
  constructor(against) {
    this.against = against;
    this.el = h("div", { class: "ll-choices", role: "group", "aria-label": "what is compared", hidden: true });
  }

  draw({ choices, zone, busy }) {
    this.el.hidden = !choices;
    this.el.classList.toggle("ll-first", Boolean(choices && !choices.sides));
    const now = JSON.stringify([choices, zone, busy && !choices?.sides]);
    if (!choices || now === this.drawnAs) return;
    this.drawnAs = now;
    const had = this.el.contains(document.activeElement) ? document.activeElement.textContent : null;
    const options = choices.options.map(({ how, text, time, title, on, can }) => h("button", { title: plain(title), disabled: !can, "aria-pressed": how === "rest" ? String(on) : null,
      onclick: () => this.against(time ? { how, time } : { how }) }, plain(text.length > 40 ? `${text.slice(0, 40)}…` : text), time ? h("span", { class: "ll-soft" }, ` ${clock(time, zone).clock.slice(0, 8)}`) : null));
    const within = choices.within ? h("button", { title: "compare anew, of the records of the chosen rows alone", onclick: () => this.against({ how: "within" }) }, "compare within what is chosen") : null;
    this.el.replaceChildren(...(choices.sides ? [h("span", {}, told(choices, zone)), within, h("span", { class: "ll-soft" }, "or compare with")] : first(choices)).filter(Boolean), h("span", { class: "ll-options" }, options));
    if (had) [...this.el.querySelectorAll("button")].find((button) => button.textContent === had)?.focus();
  }
}

/** What to do where there is nothing to compare with. */
function first({ options }) {
  return [h("p", {}, "What is different now? To find out, lognb needs something to compare the records of this query with:"),
    h("p", {}, "Mark a stretch in which all was well as the ", h("b", {}, "baseline"), ": its button on the timeline, or hold Alt and drag there.", options[0].can ? "" : " Or choose a window by dragging: then it is compared with what was before."), h("p", {}, "Or compare with:")];
}

function told({ sides: [current, baseline], rest }, zone) {
  if (rest) return `errors against the rest, ${stretch(current, zone)}`;
  return `${stretch(current, zone)} against the baseline ${stretch(baseline, zone)}`;
}

/** A window: its day once, where it says anything. */
function stretch([since, until], zone) {
  const [a, b] = [since, until].map((ns) => (ns === null ? null : clock(ns, zone)));
  if (!a && !b) return "at all times";
  const short = (at) => at.clock.slice(0, 8);
  if (!b) return `from ${a.day} ${short(a)}`;
  if (!a) return `before ${b.day} ${short(b)}`;
  return `${a.day} ${short(a)}–${a.day === b.day ? "" : `${b.day} `}${short(b)}`;
}
