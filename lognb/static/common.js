// What the browser halves share. Each module imports from here; lognb/widgets/base.py puts this text in front of it.
// Log text reaches the page through textContent and attributes of our own choice only.

/** An element: h("span", {class: "ln-x", title: text, onclick: fn}, "text", child, [more]). */
export function h(tag, props, ...children) {
  const el = document.createElement(tag);
  for (const [key, value] of Object.entries(props || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) el.addEventListener(key.slice(2), value);
    else if (key === "style") Object.assign(el.style, value);
    else el.setAttribute(key, value === true ? "" : String(value));
  }
  el.append(...children.flat().filter((c) => c !== null && c !== undefined && c !== false).map((c) => (c instanceof Node ? c : String(c))));
  return el;
}

/** 12408 as "12,408". */
export function number(n) {
  return Number(n).toLocaleString("en-US");
}

/** Log text on one line: control and bidirectional characters as escapes, ANSI colours gone. */
export function plain(text) {
  const bare = String(text).replace(/\u001b\[[0-9;?]*[ -/]*[@-~]/g, "");
  return bare.replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, (c) => {
    const named = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
    return named[c] || "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0");
  });
}

/** Times are decimal strings of nanoseconds since 1970, as numbers would lose digits. Milliseconds, for drawing. */
export function millis(ns) {
  return Number(BigInt(ns) / 1000n) / 1000;
}

const formats = new Map();

/** {day: "2026-11-03", clock: "09:00:00.123", rest: "456789"} of a time in a zone ("UTC", "local" or an IANA name). */
export function clock(ns, zone) {
  const at = BigInt(ns);
  let ms = at / 1000000n;
  if (ms * 1000000n > at) ms -= 1n;
  if (!formats.has(zone)) {
    const options = { hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" };
    formats.set(zone, new Intl.DateTimeFormat("en-CA", zone === "local" ? options : { ...options, timeZone: zone }));
  }
  const part = {};
  for (const { type, value } of formats.get(zone).formatToParts(new Date(Number(ms)))) part[type] = value;
  const fraction = String(((ms % 1000n) + 1000n) % 1000n).padStart(3, "0");
  return {
    day: `${part.year}-${part.month}-${part.day}`,
    clock: `${part.hour}:${part.minute}:${part.second}.${fraction}`,
    rest: String(at - ms * 1000000n).padStart(6, "0"),
  };
}

/** Run `fn` once things have been quiet for `ms`. */
export function later(fn, ms) {
  let timer = 0;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => fn(...args), ms);
  };
}

/** Call `fn` now and whenever the page's theme changes; gives a function that ends it. */
export function onTheme(fn) {
  const watch = new MutationObserver(fn);
  const filter = ["data-jp-theme-name", "data-jp-theme-light", "class", "style"];
  watch.observe(document.body, { attributes: true, attributeFilter: filter });
  const scheme = window.matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", fn);
  fn();
  return () => {
    watch.disconnect();
    scheme.removeEventListener("change", fn);
  };
}

/**
 * Hide the still page of a panel, which stands in the output before it; gives a function that shows it again. In
 * JupyterLab the whole output goes, so that no gap stays.
 */
export function hideStill(name) {
  if (!/^[0-9a-f]{32}$/.test(name || "")) return () => {};
  const pages = [...document.querySelectorAll(`[data-ln-still="${name}"]`)].map((page) => page.closest(".jp-OutputArea-child") || page);
  for (const page of pages) page.style.display = "none";
  return () => { for (const page of pages) page.style.display = ""; };
}

/** Put text on the clipboard; where the page may not, through a selection. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = h("textarea", { style: { position: "fixed", opacity: "0" } });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

/**
 * How a module talks to its other half: get(trait), on(trait, fn) -> off, ask(kind, args) -> Promise of the answer, and
 * can(kind): is there anybody to answer that? In a saved page much has nobody; what cannot be asked is not offered.
 * An answer with bytes has them as `buffers`, DataViews. A question that a newer one replaced stays unanswered for ever: nobody needs it.
 */
export function port(model) {
  const waiting = new Map();
  let next = 1;
  const receive = (message, buffers) => {
    const slot = waiting.get(message.id);
    if (!slot) return;
    waiting.delete(message.id);
    if (message.error !== undefined) slot.reject(new Error(message.error));
    else if (!message.dropped) slot.resolve(buffers && buffers.length ? { ...message.value, buffers } : message.value);
  };
  model.on("msg:custom", receive);
  return {
    get: (name) => model.get(name),
    can: () => true,
    on(name, fn) {
      model.on(`change:${name}`, fn);
      return () => model.off(`change:${name}`, fn);
    },
    ask(kind, args) {
      const id = next++;
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        model.send({ id, ask: { kind, ...args } });
      });
    },
    close() {
      model.off("msg:custom", receive);
    },
  };
}

/** The default export of a module for the notebook: mount(el, port) draws, and may give a function that cleans up. */
export function notebook(mount) {
  return {
    render({ model, el }) {
      const link = port(model);
      el.classList.add("ln");
      // JupyterLab's commands wait at the document for bare keys, "d d" removes a cell, and for Enter, which runs it. They
      // are not meant for what has the focus here; data-lm-suppress-shortcuts says so for one element only.
      el.addEventListener("keydown", (e) => {
        if (e.key === "Enter" || !(e.ctrlKey || e.metaKey || e.altKey)) e.stopPropagation();
      });
      const end = mount(el, link);
      return () => {
        if (end) end();
        link.close();
      };
    },
  };
}
