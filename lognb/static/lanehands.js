// Mouse and keys on the lanes of a story: a click moves the cursor, a drag zooms, and what is under the mouse is told.
import { h, number, plain, clock } from "./common.js";
import { levelOf, placeOf, shortly } from "./marks.js";

const REACH = 6; // px

export function hands(lanes) {
  const { surface, band, tip, line } = lanes;
  let drag = null;
  const spot = (event) => {
    const box = lanes.canvas.getBoundingClientRect(); // the surface begins behind the names
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  /** {items, row} under a place: those within reach, the worst first. */
  function under({ x, y }) {
    const row = (lanes.rows || []).find((r) => y >= r.y && y < r.y + r.tall);
    if (!row || row.off || row.lane < 0) return { row, items: [] };
    const { marks, clock: times } = lanes, reach = lanes.t(x + REACH) - lanes.t(x), t = lanes.t(x), found = [];
    const lines = ["pages", "network", "spans", "idle"].includes(row.kind);
    const from = lines ? 0 : placeOf(times.times, t - reach);
    for (let k = from; k < times.order.length && times.times[k] <= t + reach; k++) {
      const i = times.order[k];
      if (marks.lane[i] !== row.lane || times.until[i] < t - (lines ? reach / 2 : reach)) continue;
      if (row.kind === "spans" && Math.abs(row.y + 5 + marks.depth[i] * 9 + 3.5 - y) > 5) continue;
      found.push(i);
    }
    const far = (i) => Math.max(0, times.at[i] - t, t - times.until[i]);
    const bad = (i) => (marks.level[i] === 255 ? 0 : marks.level[i] >= 4 ? marks.level[i] : 0);
    found.sort((a, b) => bad(b) - bad(a) || far(a) - far(b) || times.until[a] - times.at[a] - (times.until[b] - times.at[b]));
    return { row, items: found };
  }

  function tell(event) {
    const at = spot(event), { row, items } = under(at);
    if (!row || at.x < lanes.x(lanes.seen.from)) return hush();
    const parts = [h("div", { class: "ln-soft ln-num" }, clock(String(lanes.ns(items.length ? lanes.clock.at[items[0]] : lanes.t(at.x))), lanes.data.zone || "UTC").clock)];
    if (row.kind === "trace") {
      const s = lanes.trace.spans[Math.floor((at.y - row.y - 5) / lanes.step)];
      if (s) parts.push(h("div", {}, plain(`${s.service || "(no service)"} · ${s.name}`)), h("div", { class: "ln-soft" }, plain([shortly(s.until - s.at), s.self !== null ? `self ${shortly(s.self)}` : "", s.note].filter(Boolean).join(" · "))));
    } else if (row.kind === "sessions") {
      const t = lanes.t(at.x), s = lanes.data.sessions.find((one) => one.at <= t && one.until >= t);
      if (s) parts.push(h("div", {}, plain(s.id)), h("div", { class: "ln-soft" }, `${number(s.items)} items${s.recorded ? ", recorded" : ""}; click to zoom`));
    }
    for (const i of items.slice(0, 4)) {
      const text = lanes.on.text(i), level = levelOf(lanes.marks, i), long = lanes.clock.until[i] - lanes.clock.at[i];
      const word = level && !["info", "unspecified"].includes(level) ? h("b", { class: `ls-of-${level}` }, level.toUpperCase(), " ") : null;
      parts.push(h("div", {}, word, text ? plain(text.text).slice(0, 160) : plain(row.name), long ? h("span", { class: "ln-soft" }, ` ${shortly(long)}`) : null));
    }
    if (items.length > 4) parts.push(h("div", { class: "ln-soft" }, `and ${number(items.length - 4)} more within reach: zoom in`));
    tip.replaceChildren(...parts);
    tip.hidden = parts.length === 1 && row.kind !== "trace";
    if (tip.hidden) return undefined;
    const box = lanes.el.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
    const left = x + 14 + tip.offsetWidth < lanes.el.clientWidth ? x + 14 : Math.max(0, x - 14 - tip.offsetWidth);
    Object.assign(tip.style, { left: `${left}px`, top: `${Math.max(0, Math.min(y + 12, lanes.el.clientHeight - tip.offsetHeight))}px` });
    return undefined;
  }
  function hush() { tip.hidden = true; }

  surface.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !lanes.data) return;
    drag = { ...spot(event), moved: false };
    surface.setPointerCapture(event.pointerId);
  });
  surface.addEventListener("pointermove", (event) => {
    if (!lanes.data) return;
    if (!drag) { tell(event); return; }
    const { x } = spot(event);
    drag.moved ||= Math.abs(x - drag.x) > 4;
    if (!drag.moved) return;
    hush();
    const edge = (at) => Math.max(lanes.x(lanes.seen.from), Math.min(lanes.x(lanes.seen.to), at)), [a, b] = [edge(Math.min(x, drag.x)), edge(Math.max(x, drag.x))];
    band.hidden = false;
    Object.assign(band.style, { left: `${a}px`, width: `${b - a}px` });
    drag.span = [lanes.t(a), lanes.t(b)];
  });
  const drop = (event) => {
    if (!drag) return;
    const was = drag;
    drag = null;
    band.hidden = true;
    if (event.type === "pointercancel") return;
    if (was.moved && was.span && was.span[1] > was.span[0]) { lanes.zoom(...was.span); return; }
    const { row, items } = under(was);
    if (row?.kind === "sessions") {
      const t = lanes.t(was.x), s = lanes.data.sessions.find((one) => one.at <= t && one.until >= t);
      if (s) { lanes.on.session(s.id); return; }
    }
    if (row?.kind === "trace") {
      const s = lanes.trace.spans[Math.floor((was.y - row.y - 5) / lanes.step)];
      if (s) { lanes.on.move(s.at, -1); return; }
    }
    if (items.length) lanes.on.move(lanes.clock.at[items[0]], items[0]);
    else if (was.x >= lanes.x(lanes.seen.from)) lanes.on.move(lanes.t(was.x), -1);
  };
  surface.addEventListener("pointerup", drop);
  surface.addEventListener("pointercancel", drop);
  surface.addEventListener("pointerleave", () => { if (!drag) hush(); });
  surface.addEventListener("dblclick", (event) => lanes.by(0.25, lanes.t(spot(event).x)));

  // A wheel zooms once one has clicked into the lanes, as with maps: to scroll past them is the notebook's.
  surface.addEventListener("wheel", (event) => {
    if (!lanes.data) return;
    const { from, to } = lanes.seen, side = event.shiftKey ? event.deltaY || event.deltaX : Math.abs(event.deltaX) > Math.abs(event.deltaY) ? event.deltaX : 0;
    if (side) {
      if (!lanes.view) return;
      const by = ((to - from) * side) / 1000;
      lanes.zoom(from + by, to + by, false);
    } else if (event.ctrlKey || event.metaKey || document.activeElement === surface || surface.getRootNode().activeElement === surface) {
      lanes.by(Math.exp(Math.max(-1, Math.min(1, event.deltaY / 300))), lanes.t(spot(event).x));
    } else return;
    hush();
    event.preventDefault();
  }, { passive: false });

  // The cursor's own handle, to scrub.
  const handle = line.firstChild;
  handle.addEventListener("pointerdown", (event) => { handle.setPointerCapture(event.pointerId); event.preventDefault(); });
  handle.addEventListener("pointermove", (event) => {
    if (!handle.hasPointerCapture(event.pointerId)) return;
    const { from, to } = lanes.seen;
    lanes.on.move(Math.max(from, Math.min(to, lanes.t(spot(event).x))), -1);
  });

  surface.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !lanes.data) return;
    const { from, to } = lanes.seen, step = (to - from) / 100, now = lanes.cursor ?? from;
    const stride = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1, PageUp: -10, PageDown: 10 }[event.key];
    if (stride && event.shiftKey) lanes.zoom(from + stride * step * 5, to + stride * step * 5, false);
    else if (stride) lanes.on.move(Math.max(lanes.all.from, Math.min(lanes.all.to, now + stride * step)), -1);
    else if (event.key === "Home" || event.key === "End") lanes.on.move(event.key === "Home" ? lanes.all.from : lanes.all.to, -1);
    else if (event.key === "Backspace") lanes.back();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
}
