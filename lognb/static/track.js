// The line of a recording's time: where one is, where nothing happens, where the errors are.
import { h, plain } from "./common.js";

const SVG = "http://www.w3.org/2000/svg";

/** A small picture for a button: the path of a 16 by 16 drawing. */
export function picture(path) {
  const svg = document.createElementNS(SVG, "svg"), shape = document.createElementNS(SVG, "path");
  for (const [name, value] of [["viewBox", "0 0 16 16"], ["width", "14"], ["height", "14"], ["aria-hidden", "true"]]) svg.setAttribute(name, value);
  shape.setAttribute("d", path);
  shape.setAttribute("fill", "currentColor");
  svg.append(shape);
  return svg;
}

/** 222_500 as "3:42", 4_000_000 as "1:06:40". */
export function elapsed(ms) {
  const s = Math.max(0, Math.floor(ms / 1000)), pad = (n) => String(n).padStart(2, "0");
  return s < 3600 ? `${Math.floor(s / 60)}:${pad(s % 60)}` : `${Math.floor(s / 3600)}:${pad(Math.floor(s / 60) % 60)}:${pad(s % 60)}`;
}

/** "3 minutes 42 seconds", to be spoken. */
export function spoken(ms) {
  const s = Math.max(0, Math.round(ms / 1000)), minutes = Math.floor(s / 60);
  const some = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;
  return minutes ? `${some(minutes, "minute")} ${some(s % 60, "second")}` : some(s, "second");
}

/** `seek(ms)` while it is dragged, `tell(ms)` the words of the tip; `start` and `end` in ms. */
export function track({ start, end, idle, seek, tell }) {
  const long = Math.max(1, end - start), part = (ms) => `${(100 * Math.min(1, Math.max(0, (ms - start) / long))).toFixed(3)}%`;
  const done = h("div", { class: "rp-done" }), knob = h("div", { class: "rp-knob" });
  const quiet = idle.map(([from, to]) => h("div", { class: "rp-idle", style: { left: part(from), width: `calc(${part(start + to - from)})` } }));
  const line = h("div", { class: "rp-line", "aria-hidden": "true" }, quiet, done), ticks = h("div", { class: "rp-ticks", "aria-hidden": "true" });
  const tip = h("div", { class: "rp-tip", hidden: true, "aria-hidden": "true" });
  const el = h("div", { class: "rp-track", role: "slider", tabindex: 0, "data-lm-suppress-shortcuts": "true", "aria-label": "position in the recording",
    "aria-valuemin": 0, "aria-valuemax": Math.round(long / 1000) }, line, ticks, knob, tip);
  let dragged = false, marks = [];

  const at = (event) => {
    const box = line.getBoundingClientRect();
    return start + long * Math.min(1, Math.max(0, (event.clientX - box.left) / Math.max(1, box.width)));
  };
  const hint = (event) => {
    const ms = at(event), near = long * 4 / Math.max(1, line.clientWidth);
    const mark = marks.find((m) => Math.abs(m.ms - ms) <= near);
    tip.textContent = `${elapsed(ms - start)} · ${tell(ms)}${mark ? ` · ${mark.severity || "mark"}: ${mark.text}` : ""}`;
    tip.style.left = part(ms);
    tip.classList.toggle("rp-left", ms > start + long / 2);
    tip.hidden = false;
  };
  el.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    dragged = true;
    el.setPointerCapture(event.pointerId);
    seek(at(event));
  });
  el.addEventListener("pointermove", (event) => {
    hint(event);
    if (dragged) seek(at(event));
  });
  el.addEventListener("pointerup", () => { dragged = false; });
  el.addEventListener("pointercancel", () => { dragged = false; });
  el.addEventListener("pointerleave", () => { tip.hidden = true; });

  return {
    el,
    show(ms) {
      done.style.width = knob.style.left = part(ms);
      el.setAttribute("aria-valuenow", Math.round((ms - start) / 1000));
      el.setAttribute("aria-valuetext", `${spoken(ms - start)} of ${spoken(long)}, ${tell(ms)}`);
    },
    /** {ms, text, severity} each. */
    mark(list) {
      marks = list.map((m) => ({ ...m, text: plain(m.text).slice(0, 200) }));
      const seen = new Set(); // thousands of errors in one pixel are one tick
      const wanted = marks.filter((m) => m.ms >= start && m.ms <= end).filter((m) => {
        const key = `${Math.round((2000 * (m.ms - start)) / long)} ${m.severity}`;
        return !seen.has(key) && seen.add(key);
      });
      ticks.replaceChildren(...wanted.map((m) => h("div", { class: `rp-tick rp-${/^(warn|error|fatal)$/.test(m.severity) ? m.severity : "plain"}`, style: { left: part(m.ms) } })));
    },
  };
}
