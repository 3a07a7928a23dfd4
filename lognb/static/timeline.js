// A timeline. Bars are painted on a canvas; what can be grasped, read or reached by the keyboard are elements over it.
// A window is sent when the mouse button is let go and not before: each one costs a panel all of its counts. While one
// drags, its length and its records are told from the counts that are here.
import { h, number, plain, onTheme, notebook } from "./common.js";
import { bars } from "./bars.js";
import { levels, long, moment, size, stretch, ticks } from "./axes.js";

const HEIGHT = 88, AXIS = 19, EDGE = 6, GRIP = 10, ROW = 15;
export function mount(el, port) {
  let d = {}, counts = new Uint32Array(), totals = new Float64Array(), peak = 0;
  let area = null, columns = [], drag = null, draft = null, cursor = null, anchor = null, picking = false, frame = 0, waiting = 0, was = [], problem = "", stale = true;

  const since = () => BigInt(d.since), every = () => BigInt(d.every);
  const edge = (i) => since() + BigInt(i) * every();
  const xOf = (ns) => area.left + (Number(BigInt(ns) - since()) / Number(BigInt(d.until) - since())) * area.width;
  const within = (x) => Math.max(0, Math.min(d.buckets, ((x - area.left) / area.width) * d.buckets));
  const amount = (n) => (d.unit === "bytes" ? size(n) : number(n));
  const counted = (n) => (d.unit === "bytes" ? size(n) : `${number(n)} record${n === 1 ? "" : "s"}`);
  const value = (i, s) => counts[i * d.series.length + s] * (d.scale || 1);
  const there = () => Boolean(d.buckets && area);

  // ---- elements
  const by = h("select", { "aria-label": "split by", onchange: () => ask("by", { field: by.value || null }) });
  const what = h("span"), when = h("span", { class: "tl-when ln-num" }), legend = h("ul", { class: "tl-legend", "aria-label": "colours" });
  const toggle = (text, title, onclick) => h("button", { title, onclick, "aria-pressed": "false" }, text);
  const unit = toggle("bytes", "Count bytes instead of records", () => ask("unit", { name: d.unit === "bytes" ? "records" : "bytes" }));
  const log = toggle("log", "Logarithmic heights; parts of a bar by their own logarithm, so that rare ones show", () => ask("log", { on: !d.log }));
  const base = toggle("baseline", "Choose a stretch to compare with: drag (or hold Alt while dragging)", () => {
    if (d.baseline) ask("baseline", { since: null, until: null });
    else { picking = !picking; press(base, picking); surface.focus(); }
  });
  const out = h("button", { title: "Twice as much time (−)", "aria-label": "zoom out", onclick: () => ask("zoom_out") }, "zoom out");
  const back = h("button", { title: "The window before (Backspace)", onclick: () => ask("back") }, "back");
  const note = h("button", { title: "Mark a moment with a note (m)", onclick: () => write() }, "mark");
  const canvas = h("canvas", { role: "img" });
  // JupyterLab takes plain keys for itself wherever this attribute is not.
  const surface = h("div", { class: "tl-surface", role: "slider", tabindex: 0, "data-lm-suppress-shortcuts": "true", "aria-orientation": "horizontal",
    "aria-label": "time", "aria-description": `Arrows move, Shift and arrows extend, Enter sets the window, Escape clears it${port.can("baseline") ? ", Alt and Enter set the baseline, m marks a moment" : ""}` });
  const box = (name) => h("div", { class: name, "aria-hidden": "true", hidden: true });
  const [band, other, sketch, view, line, hover] = ["tl-band", "tl-base", "tl-draft", "tl-view", "tl-cursor", "tl-hover"].map(box);
  other.append(h("span", null, "baseline"));
  const marks = h("ul", { class: "tl-marks", "aria-label": "marks" }), tip = h("div", { class: "tl-tip", hidden: true, "aria-hidden": "true" });
  const plot = h("div", { class: "tl-plot" }, canvas, other, band, sketch, hover, line, view, surface, marks, tip);
  const fault = h("div", { class: "tl-fault", role: "alert", hidden: true }), said = h("div", { class: "tl-said", role: "status" });
  const empty = h("div", { class: "tl-empty ln-soft", hidden: true });
  const tools = h("div", { class: "tl-tools" }, unit, log, base, note), moves = h("div", { class: "tl-tools" }, out, back);
  for (const [kind, button] of [["unit", unit], ["log", log], ["baseline", base], ["mark", note], ["zoom_out", out], ["back", back], ["by", by]]) button.hidden = !port.can(kind);
  const root = h("div", { class: "tl" }, h("div", { class: "tl-head" }, h("label", { class: "tl-by" }, what, by), tools, legend, h("div", { class: "tl-end" }, when, moves)), plot, empty, fault, said);
  el.append(root);

  // ---- asking
  function press(button, on) { button.setAttribute("aria-pressed", String(on)); }
  function busy() { root.classList.toggle("tl-busy", Boolean(d.busy) || waiting > 0); }
  function ask(kind, args) {
    waiting += 1;
    busy();
    const done = () => {
      waiting = Math.max(0, waiting - 1);
      settle();
      busy();
      overlay();
    };
    port.ask(kind, args).then(done, (error) => { problem = error.message; done(); fill(); });
  }
  /** What was dragged stands until Python says what became of it. */
  function settle() { if (!drag && !d.busy) draft = null; }
  function choose(stretchOf, baseline) {
    draft = { ...stretchOf, baseline };
    picking = false;
    ask(baseline ? "baseline" : "window", { since: String(draft.since), until: String(draft.until) });
    said.textContent = `${baseline ? "baseline" : "window"} ${told(draft)}`;
    overlay();
  }
  function clear() {
    anchor = null;
    if (draft || picking) { draft = null; picking = false; press(base, Boolean(d.baseline)); }
    else if (d.selected) { ask("window", { since: null, until: null }); said.textContent = "no window"; }
    overlay();
  }

  // ---- what is drawn
  function read() {
    const [data, raw] = [port.get("data") || {}, port.get("counts")], n = raw ? raw.byteLength >> 2 : 0;
    if (was[0] === data && was[1] === raw) return;  // each of the two traits tells of a change of both
    // Rows in view, marks and windows change more often than what is painted.
    const painted = (of) => JSON.stringify([of.since, of.until, of.series, of.partial, of.unit, of.log, of.zone, of.scale]);
    stale ||= was[1] !== raw || painted(was[0]) !== painted(data);
    was = [data, raw];
    d = data.buckets * data.series?.length === n ? data : { ...data, buckets: 0 };  // else one of them is on its way
    if (stale) {
      counts = n ? new Uint32Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + 4 * n)) : new Uint32Array();
      totals = new Float64Array(d.buckets || 0);
      if (d.buckets) counts.forEach((c, i) => { totals[Math.floor(i / d.series.length)] += c * (d.scale || 1); });
      peak = totals.reduce((a, b) => Math.max(a, b), 0);
    }
    settle();
    waiting = 0;
    problem = "";
    fill();
    plan();
  }
  function fill() {
    const wrong = d.error || problem;
    fault.hidden = !wrong;
    fault.textContent = plain(wrong || "");
    busy();
    const names = [null, ...new Set([...(d.bys || []), ...(d.by ? [d.by] : [])])];
    const left = d.bys_left ? [h("option", { disabled: true }, `${number(d.bys_left)} more`)] : [];
    if (by.dataset.names !== JSON.stringify(names)) {
      by.replaceChildren(...names.map((n) => h("option", { value: n || "" }, n === null ? "nothing" : plain(n))), ...left);
      by.dataset.names = JSON.stringify(names);
    }
    by.value = d.by || "";
    what.textContent = d.every ? `${d.unit} per ${long(d.every)}${by.hidden ? (d.by ? `, by ${plain(d.by)}` : "") : ", by "}` : "";
    press(unit, d.unit === "bytes"); press(log, d.log); press(base, picking || Boolean(d.baseline));
    back.disabled = !d.back;
    when.textContent = d.since ? `${stretch(d.since, d.until, d.zone || "UTC")} ${d.zone || "UTC"}` : "";
    legend.replaceChildren(...(d.by ? d.series || [] : []).map((s, i) => h("li", { title: plain(s.name) }, swatch(i), plain(s.name))).reverse());
    canvas.setAttribute("aria-label", plain(d.said || "nothing to draw yet"));
    empty.hidden = peak > 0 || !d.said || Boolean(d.error);
    empty.textContent = plain(d.said || "");
    if (!d.since || (cursor !== null && (cursor < since() || cursor >= BigInt(d.until)))) cursor = anchor = null;
  }
  function colour(i) {
    const s = d.series[i];
    return s.level ? `--tl-${s.level}` : s.rest ? "--tl-rest" : d.by ? `--tl-${i % 12}` : "--tl-only";
  }
  function swatch(i) { return h("i", { class: "tl-swatch", style: { background: `var(${colour(i)})` } }); }

  // ---- painting
  function plan() { frame ||= requestAnimationFrame(() => { frame = 0; if (stale) paint(); else place(); overlay(); }); }
  function again() { stale = true; plan(); }
  function paint() {
    place();
    const width = plot.clientWidth, height = plot.clientHeight, dpr = window.devicePixelRatio || 1;
    if (!width || !height) return;  // for a moment of a change of theme there is no room
    const [w, t] = [Math.round(width * dpr), Math.round(height * dpr)];
    if (canvas.width !== w || canvas.height !== t) { canvas.width = w; canvas.height = t; }
    const g = canvas.getContext("2d"), style = getComputedStyle(root), ink = (name) => style.getPropertyValue(name).trim();
    g.setTransform(dpr, 0, 0, dpr, 0, 0);
    g.clearRect(0, 0, width, height);
    stale = false;
    if (!d.buckets) { area = null; return; }
    g.font = `11px ${style.fontFamily}`;
    const top = height - AXIS - HEIGHT + 4, bottom = height - AXIS, rows = levels(peak || 1, d.log);
    const left = Math.ceil(Math.max(26, ...rows.map((n) => g.measureText(amount(n)).width + 10)));
    area = { left, top, bottom, width: width - left - 6, height: bottom - top };
    const tall = (n) => (d.log ? Math.log1p(n) / Math.log1p(peak || 1) : n / (peak || 1)) * area.height;
    g.textAlign = "right"; g.textBaseline = "middle";
    const fits = rows.filter((n, i) => i === 0 || tall(n) - tall(rows[i - 1]) > 3).filter((n) => !d.log || rows.length < 5 || Math.log10(n) % 2 === 0);
    for (const n of fits) {
      const y = Math.round((bottom - tall(n)) * dpr) / dpr;
      g.fillStyle = ink("--ln-line");
      g.fillRect(left, y, area.width, 1 / dpr);
      g.fillStyle = ink("--ln-ink-soft");
      g.fillText(amount(n), left - 6, y);
    }
    columns = bars(g, { d, area, totals, value, tall, dpr, ink, colour });
    g.textBaseline = "top"; g.textAlign = "center"; g.fillStyle = ink("--ln-ink-soft");
    for (const { at, label } of ticks(since(), BigInt(d.until), d.zone || "UTC", Math.floor(area.width / 90))) {
      const x = xOf(at), half = g.measureText(label).width / 2;
      g.fillRect(Math.round(x * dpr) / dpr, bottom, 1 / dpr, 4);
      g.fillText(label, Math.min(width - half - 1, Math.max(half + 1, x)), bottom + 6);
    }
    place();  // now that the axis has its width
  }

  // ---- marks: a dashed line each, and a text where there is a row with room for it
  function place() {
    const found = d.marks || [], wide = plot.clientWidth, ends = [];
    if (marks.dataset.shown !== JSON.stringify([found, d.zone])) {
      marks.dataset.shown = JSON.stringify([found, d.zone]);
      marks.replaceChildren(...found.map((m, i) => {
        const at = moment(m.time, d.zone || "UTC"), text = plain(m.text);
        const close = h("button", { "aria-label": `remove the mark ${text}`, title: "Remove", onclick: () => ask("unmark", { i }) }, "×");
        const title = `${at.time}, ${at.day}: ${text}`;
        return h("li", { title }, h("i"), h("span", null, h("b", null, text), port.can("unmark") ? close : null));
      }));
    }
    const left = area?.left || 26, width = area?.width || wide - 32, start = d.since ? since() : 0n, span = d.since ? Number(BigInt(d.until) - start) : 1;
    const all = [...marks.children];
    for (const li of all) li.hidden = li.lastChild.hidden = false;  // what is hidden has no width
    const rooms = all.map((li) => Math.min(220, li.lastChild.scrollWidth + 6));
    all.forEach((li, i) => {
      const x = left + (Number(BigInt(found[i].time) - start) / span) * width, text = li.lastChild, room = rooms[i];
      li.hidden = x < left || x > left + width;
      if (li.hidden) return;
      const from = x + room + 4 > wide ? x - room - 4 : x + 3;
      let row = 0;
      while (row < 3 && from < (ends[row] ?? -1)) row += 1;
      text.hidden = row === 3;  // the line says that there is one; hovering tells which
      if (row < 3) ends[row] = from + room + 4;
      Object.assign(text.style, { left: `${from - x}px`, top: `${row * ROW}px` });
      li.style.left = `${x}px`;
    });
    plot.style.height = `${HEIGHT + AXIS + ROW * ends.length}px`;
  }

  // ---- windows, cursor, rows in view
  function put(box, stretchOf, least) {
    box.hidden = !stretchOf || !there() || BigInt(stretchOf.until) < since() || BigInt(stretchOf.since) > BigInt(d.until);
    if (box.hidden) return;
    const clip = (ns) => Math.max(area.left, Math.min(area.left + area.width, xOf(ns))), a = clip(stretchOf.since), b = clip(stretchOf.until);
    Object.assign(box.style, { left: `${a}px`, width: `${Math.max(least, b - a)}px` });
  }
  function overlay() {
    put(band, draft && !draft.baseline ? null : d.selected, 2);
    put(other, draft?.baseline ? null : d.baseline, 2);
    const keyed = anchor !== null && cursor !== null && anchor !== cursor ? reach() : null;
    put(sketch, draft || keyed, 2);
    sketch.classList.toggle("tl-other", Boolean(draft?.baseline));
    put(view, d.view, 3);
    put(line, cursor === null ? null : { since: cursor, until: cursor + every() }, 2);
    root.classList.toggle("tl-picking", picking);
    if (!there()) return;
    for (const box of [band, other, sketch, hover, line]) Object.assign(box.style, { top: `${area.top - 4}px`, height: `${area.height + 4}px` });
    view.style.top = `${area.bottom}px`;
    const i = cursor === null ? 0 : Number((cursor - since()) / every());
    surface.setAttribute("aria-valuemin", 0);
    surface.setAttribute("aria-valuemax", Math.max(0, d.buckets - 1));
    surface.setAttribute("aria-valuenow", i);
    surface.setAttribute("aria-valuetext", keyed ? `${told(keyed)} to choose` : `${spoken(i)}${d.selected ? `; window ${told(d.selected)}` : ""}`);
  }
  /** What keys have spanned: from the bucket of the anchor to that of the cursor, both whole. */
  function reach() { return anchor < cursor ? { since: anchor, until: cursor + every() } : { since: cursor, until: anchor + every() }; }
  function told({ since: a, until: b }) {
    const from = Number(BigInt(a) - since()) / Number(every()), to = Number(BigInt(b) - since()) / Number(every());
    const sum = totals.slice(Math.max(0, Math.floor(from)), Math.max(0, Math.ceil(to))).reduce((x, y) => x + y, 0);
    const rough = from !== Math.floor(from) || to !== Math.floor(to) || from < 0 || to > d.buckets ? "about " : "";
    return `${stretch(a, b, d.zone || "UTC")} (${long(BigInt(b) - BigInt(a))}, ${rough}${counted(sum)})`;
  }
  function parts(i) {
    return d.series.map((s, k) => ({ name: plain(s.name), k, n: value(i, k) })).filter((p) => p.n).sort((a, b) => b.n - a.n || b.k - a.k);
  }
  function spoken(i) {
    const found = d.by ? parts(i).map((p) => `${p.name} ${amount(p.n)}`).join(", ") : "";
    return `${stretch(edge(i), edge(i + 1), d.zone || "UTC")}: ${counted(totals[i])}${found ? `: ${found}` : ""}`;
  }
  function tell(i) {
    const cut = (i === 0 && d.partial?.[0]) || (i === d.buckets - 1 && d.partial?.[1]), found = d.by ? parts(i) : [];
    const rows = found.map((p) => h("li", null, swatch(p.k), h("span", null, p.name), h("b", { class: "ln-num" }, amount(p.n))));
    const head = h("div", null, stretch(edge(i), edge(i + 1), d.zone || "UTC"), cut ? h("em", null, " partly covered") : null);
    tip.replaceChildren(head, h("div", { class: "ln-num" }, counted(totals[i])), h("ul", { class: rows.length > 5 ? "tl-two" : null }, rows));
    show(xOf(edge(i)), xOf(edge(i + 1)));
  }
  /** The tip beside a stretch, or above it. It stays within the widget, since a cell of a notebook is cut at its edge. */
  function show(a, b, above) {
    tip.hidden = false;
    const { offsetWidth: w, offsetHeight: t } = tip, side = b + 10 + w < plot.clientWidth ? b + 10 : a - w - 10;
    const left = Math.min(plot.clientWidth - w, Math.max(0, above ? (a + b - w) / 2 : side));
    Object.assign(tip.style, { left: `${left}px`, top: `${above ? area.top - 6 - t : Math.min(0, plot.clientHeight - t)}px` });
  }
  function hush() { tip.hidden = hover.hidden = true; }

  // ---- the mouse
  function spot(event) { return event.clientX - plot.getBoundingClientRect().left; }
  function grasp(x, y) {
    if (!d.selected || band.hidden) return "new";
    const a = xOf(d.selected.since), b = xOf(d.selected.until);
    if (Math.abs(x - a) <= EDGE && a >= area.left - 1) return "since";
    if (Math.abs(x - b) <= EDGE && b <= area.left + area.width + 1) return "until";
    return x > a && x < b && y >= 0 && y < GRIP ? "move" : "new";
  }
  const held = (event) => grasp(spot(event), event.clientY - plot.getBoundingClientRect().top - (area.top - 4));
  surface.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !there() || !peak) return;
    const baseline = port.can("baseline") && (picking || event.altKey);
    drag = { x: spot(event), as: baseline ? "new" : held(event), baseline, moved: false };
    surface.setPointerCapture(event.pointerId);
  });
  surface.addEventListener("pointermove", (event) => {
    if (!there()) return;
    const x = spot(event);
    if (!drag) {
      surface.style.cursor = { new: "crosshair", move: "grab" }[picking ? "new" : held(event)] || "ew-resize";
      if (x < area.left || x > area.left + area.width) { hush(); return; }
      const i = columns[Math.min(columns.length - 1, Math.floor(((x - area.left) / area.width) * columns.length))];
      put(hover, { since: edge(i), until: edge(i + 1) }, 1);
      tell(i);
      return;
    }
    drag.moved ||= Math.abs(x - drag.x) >= 3;
    if (!drag.moved) return;
    hover.hidden = true;
    draft = { ...dragged(x), baseline: drag.baseline };
    overlay();
    tip.replaceChildren(h("div", null, told(draft)));
    show(xOf(draft.since), xOf(draft.until), true);
  });
  function dragged(x) {
    const near = edge(Math.round(within(x))), step = every();
    if (drag.as === "new") {
      const from = Math.floor(within(Math.min(x, drag.x)) + 0.2), to = Math.max(from + 1, Math.ceil(within(Math.max(x, drag.x)) - 0.2));
      return from < d.buckets ? { since: edge(from), until: edge(Math.min(to, d.buckets)) } : { since: edge(d.buckets - 1), until: edge(d.buckets) };
    }
    const a = BigInt(d.selected.since), b = BigInt(d.selected.until);
    if (drag.as === "since") return { since: near < b ? near : b - step, until: b };
    if (drag.as === "until") return { since: a, until: near > a ? near : a + step };
    const by = BigInt(Math.round(((x - drag.x) / area.width) * d.buckets)) * step;
    return { since: a + by, until: b + by };
  }
  function drop(event) {
    if (!drag) return;
    const { moved, baseline, x } = drag;
    drag = null;
    if (event.type === "pointercancel" || !there()) draft = null;
    else if (moved && draft) { hush(); choose(draft, baseline); return; }
    else { cursor = edge(Math.min(d.buckets - 1, Math.floor(within(x)))); anchor = null; }
    overlay();
  }
  surface.addEventListener("pointerup", drop);
  surface.addEventListener("pointercancel", drop);
  surface.addEventListener("pointerleave", () => { if (!drag) hush(); });

  // ---- the keyboard
  const STRIDES = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity };
  surface.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || !there()) return;
    const stride = STRIDES[event.key];
    if (stride) {
      const now = cursor ?? start(), last = d.buckets - 1, i = Number((now - since()) / every());
      if (event.shiftKey) anchor ??= now;
      else anchor = null;
      cursor = edge(Math.max(0, Math.min(last, i + stride)));
      overlay();
      tell(Number((cursor - since()) / every()));
    } else if (event.key === "Enter" && cursor !== null) {
      anchor ??= cursor;
      const chosen = reach();
      anchor = null;
      hush();
      choose(chosen, port.can("baseline") && (event.altKey || picking));
    } else if (event.key === "Escape") { if (drag) { drag = null; draft = null; hush(); overlay(); } else { hush(); clear(); } }
    else if (event.key === "-" && port.can("zoom_out")) ask("zoom_out");
    else if (event.key === "Backspace" && d.back) ask("back");
    else if (event.key === "m") write();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  function start() { const at = d.selected && BigInt(d.selected.since); return at !== null && at >= since() && at < BigInt(d.until) ? since() + ((at - since()) / every()) * every() : since(); }
  surface.addEventListener("focus", () => { if (there() && cursor === null && surface.matches(":focus-visible")) { cursor = start(); overlay(); } });
  surface.addEventListener("blur", hush);

  // ---- a note
  function write() {
    if (!there() || !port.can("mark") || root.querySelector(".tl-note")) return;
    const at = cursor ?? start(), time = moment(at, d.zone || "UTC");
    const input = h("input", { maxlength: 1000, "data-lm-suppress-shortcuts": "true", "aria-label": `what happened at ${time.time}`, placeholder: `what happened at ${time.time}?` });
    const form = h("form", { class: "tl-note" }, input);
    const end = () => { form.remove(); surface.focus(); };
    form.addEventListener("submit", (event) => { event.preventDefault(); if (input.value.trim()) ask("mark", { time: String(at), text: input.value.trim() }); end(); });
    input.addEventListener("keydown", (event) => { event.stopPropagation(); if (event.key === "Escape") end(); });
    plot.after(form);
    input.focus();
  }

  const offs = [port.on("data", read), port.on("counts", read), onTheme(again)];
  const sized = new ResizeObserver(again);
  sized.observe(plot);
  window.addEventListener("resize", again);
  read();
  return () => { offs.forEach((off) => off()); sized.disconnect(); window.removeEventListener("resize", again); cancelAnimationFrame(frame); };
}

export default notebook(mount);
