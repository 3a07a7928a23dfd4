// A saved report that is alive: each block that holds frames gets the same parts as in a notebook, mounted on what was
// kept. A block whose living half cannot be made keeps its still half, and nothing is said on the console.
import { clock, copy, h, later, number, plain } from "./common.js";
import { csv, frozen, Kept, markdown } from "./frozen.js";
import { mount as drawFacets } from "./facets.js";
import { mount as drawListing } from "./listing.js";
import { mount as drawStory } from "./story.js";
import { mount as drawTable } from "./table.js";
import { mount as drawTimeline } from "./timeline.js";
import { said } from "./shown.js";

const ROW = 26, CHROME = 110, MOST = 400; // px
const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

/** What a packed data block of the page holds. */
async function opened(id) {
  const stream = new Blob([bytes(document.getElementById(id).textContent)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

const low = (rows, most = MOST) => `${Math.max(150, Math.min(most, CHROME + rows * ROW))}px`;
const lane = (name) => h("div", { class: `ln lf-${name}` });

function panel(el, block) {
  const root = h("div", { class: "lf-panel" }), { parts } = block, ends = [], zone = block.zone;
  el.append(root);
  const kept = block.table && new Kept({ ...block.table, count: block.count });
  let rows = kept ? kept.rows() : [], revision = 1, times = null, table = null, facets = null, note = null;
  const again = () => {
    if (!kept) return;
    rows = kept.rows();
    revision += 1;
    const words = [...block.table.words, kept.text.trim()].filter(Boolean);
    table.set({ data: { ...table.get("data"), revision, count: rows.length, tail: kept.tail(), newest: kept.turned !== block.table.newest, words, query: `${revision}`, page: kept.slice(rows, 0, 200, revision) } });
    facets?.set({ data: { ...facets.get("data"), strip: kept.strip(block.strip, rows), facets: kept.facets(block.facets) } });
    times?.set({ data: { ...times.get("data"), ...band(), back: kept.past.length > 0 } });
    if (note) note.textContent = kept.all ? "" : `filtered here: ${number(rows.length)}${kept.tail()}`.trim();
  };
  const band = () => ({ selected: kept && kept.since !== null ? { since: String(kept.since), until: String(kept.until) } : block.timeline.selected });

  if (parts.includes("volume")) {
    const place = lane("times"), data = { ...block.timeline, zone, busy: false, bys: [], bys_left: 0, view: null, back: false };
    const look = { log: ({ on }) => times.set({ data: { ...times.get("data"), log: on } }) };
    if (kept) {
      Object.assign(look, {
        window: ({ since, until }) => { kept.window(since, until); again(); },
        back: () => { kept.back(); again(); },
      });
    }
    times = frozen({ data, counts: new DataView(bytes(block.counts).buffer) }, look);
    root.append(place);
    ends.push(drawTimeline(place, times));
  }
  if (!kept) return ends;

  const find = h("input", { type: "search", class: "lf-find", placeholder: kept.whole ? "find in these records" : `find in the ${number(kept.n)} records kept here`, "aria-label": "Find in the records that are kept here", spellcheck: "false" });
  find.addEventListener("input", later(() => { kept.text = find.value; again(); }, 150));
  note = h("span", { class: "ln-soft", role: "status" });
  const clear = h("button", { onclick: () => { Object.assign(kept, { since: null, until: null, text: "", chosen: new Map(), past: [] }); find.value = ""; again(); } }, "show all");
  const bar = h("div", { class: "ln lf-bar" }, find, clear, note);
  const sides = h("div", { class: "lf-sides" }), main = h("div", { class: "lf-main" });
  root.append(bar, sides);

  if (block.facets.length) {
    const place = lane("facets");
    facets = frozen({ data: { strip: block.strip, facets: kept.facets(block.facets), busy: false } }, {
      toggle: ({ field, value, state }) => { kept.choose(field, value, state); again(); },
      only: ({ field, value }) => { kept.chosen.set(field, new Map([[value, "include"]])); again(); },
      clear: ({ field }) => { kept.chosen.delete(field); again(); },
      fold: () => {},
    });
    sides.append(place);
    ends.push(drawFacets(place, facets));
  }
  sides.append(main);

  const place = lane("table");
  table = frozen({ data: { ...block.table.head, revision, count: rows.length, zone, busy: false, every_ns: false, tail: kept.tail(), page: kept.slice(rows, 0, 200, revision) } }, {
    page: ({ offset, limit }) => kept.slice(rows, offset, limit, revision),
    record: ({ id }) => whole(block.records, id),
    columns: ({ columns }) => table.set({ data: { ...table.get("data"), columns } }),
    newest: () => { kept.turned = !kept.turned; again(); },
    bodies: ({ ids }) => kept.page.ids.map((id, i) => [id, i]).filter(([id]) => ids.includes(id)).map(([, i]) => kept.page.body[i] || ""),
    pinned: () => kept.slice(block.table.head.pinned.map((id) => kept.page.ids.indexOf(id)), 0, 500, revision),
    view: ({ offset, rows: many }) => {
      const seen = rows.slice(offset, offset + many).map((i) => kept.times[i]).filter((ns) => ns !== null).sort((a, b) => (a < b ? -1 : 1));
      times?.set({ data: { ...times.get("data"), view: seen.length ? { since: String(seen[0]), until: String(seen[seen.length - 1]) } : null } });
    },
  });
  if (block.list) {
    const list = lane("list");
    const tabs = [{ name: "records", title: "Records", rows: kept.n }, { name: block.list.tab, title: block.list.title, rows: block.list.rows.total }];
    const open = (name) => {
      place.hidden = name === "records" ? false : true;
      answer.set({ data: { ...answer.get("data"), tab: name === "records" ? null : block.list.tab } });
    };
    const answer = listed({ ...block.list, tabs, zone }, { tab: ({ name }) => open(name) });
    main.append(list, place);
    ends.push(drawListing(list, answer));
    list.querySelector(".ll-panel").style.height = low(block.list.rows.total);
    ends.push(drawTable(place, table));
    open(block.list.tab);
  } else {
    main.append(place);
    ends.push(drawTable(place, table));
  }
  place.style.height = low(kept.n, 560);
  return ends;
}

function whole(records, id) {
  const found = records[id];
  if (!found) throw new Error(`only ${number(Object.keys(records).length)} records were kept whole in this page; this is none of them`);
  return found;
}

/** The port of a list: rows of a result, all of which are here. */
function listed({ tab, tabs, columns, sentence, rows, order, code, zone }, more = {}) {
  const line = (i, one) => said(one, rows.cells[one.name][i], zone);
  const data = { tab, tabs, zone, busy: false, error: null, code, choices: null, revision: 1, ready: true, sentence, columns, narrows: false, opens: null, order, states: {} };
  return frozen({ data }, {
    ...more,
    rows: () => rows,
    details: ({ row }) => [{ kind: "pairs", pairs: Object.entries(rows.whole[row]).filter(([, value]) => value !== null) }],
    copy: ({ format, rows: some }) => {
      const sep = format === "csv" ? "," : " | ", cell = format === "csv" ? csv : markdown;
      const lines = [columns.map((c) => cell(c.head)), ...some.map((i) => columns.map((c) => cell(line(i, c))))].map((cells) => cells.join(sep));
      if (format === "csv") return `${lines.join("\n")}\n`;
      return [lines[0], columns.map(() => "---").join(sep), ...lines.slice(1)].map((text) => `| ${text} |`).join("\n");
    },
  });
}

function result(el, block) {
  const place = lane("list");
  el.append(place);
  const end = drawListing(place, listed({ ...block, tabs: [], tab: "rows", sentence: "" }));
  place.querySelector(".ll-panel").style.height = low(block.rows.total);
  return [end];
}

function story(el, block) {
  const place = lane("story"), { texts } = block;
  el.append(place);
  const data = { ...block.data, told: 1, links: [], inside: false, still: "", pinned: [], strict: true };
  const port = frozen({ data, marks: new DataView(bytes(block.marks).buffer), texts }, {
    texts: () => { throw new Error("all texts are here"); },
    record: ({ id }) => whole(block.records, id),
    item: ({ i }) => block.items[i],
    trace: ({ id }) => {
      if (!block.traces[id]) throw new Error("the spans of this trace were not kept in this page");
      return block.traces[id];
    },
    ...(Object.keys(block.films).length ? {
      player: () => { throw new Error("this page holds no player"); },
      recording: ({ session }) => ({ recording: block.films[session] }),
      events: ({ session, i }) => ({ buffers: [bytes(document.getElementById(`ln-film-${block.n}-${Object.keys(block.films).indexOf(session)}-${i}`).textContent)] }),
    } : {}),
  });
  return [drawStory(place, port)];
}

const MAKE = { panel, result, story };

async function live(place) {
  const still = place.parentElement.querySelector(".ln-still"), id = `ln-block-${place.dataset.block}`;
  if (!document.getElementById(id) || !still) return;
  let ends = [];
  try {
    const block = await opened(id);
    const pictures = block.kind === "result" ? [...still.querySelectorAll(":scope > .ln-pic")] : [];
    place.hidden = false; // what has no size draws nothing
    place.append(...pictures.map((picture) => picture.cloneNode(true)));
    ends = MAKE[block.kind](place, block);
    still.hidden = true;
  } catch {
    for (const end of ends) end();
    place.replaceChildren();
    place.hidden = true;
    still.hidden = false;
  }
}

/** Light or dark, as the reader prefers unless a button says otherwise; the parts look for it at the body. */
function themed() {
  const names = ["auto", "light", "dark"], scheme = matchMedia("(prefers-color-scheme: dark)"), root = document.documentElement;
  let now = "auto";
  const button = h("button", { class: "lf-theme", type: "button" });
  const show = () => {
    if (now === "auto") delete root.dataset.theme; else root.dataset.theme = now;
    document.body.dataset.jpThemeLight = String(now === "auto" ? !scheme.matches : now === "light");
    button.textContent = { auto: "◐ auto", light: "○ light", dark: "● dark" }[now];
    button.setAttribute("aria-label", `colours: ${now}; change`);
  };
  button.addEventListener("click", () => { now = names[(names.indexOf(now) + 1) % names.length]; show(); });
  scheme.addEventListener("change", show);
  show();
  document.querySelector(".ln-top")?.append(button);
}

function copying() {
  for (const code of document.querySelectorAll("code.ln-copy")) {
    const button = h("button", { class: "lf-copy", type: "button", onclick: async () => {
      await copy(code.textContent);
      button.textContent = "copied";
      setTimeout(() => { button.textContent = "copy"; }, 1500);
    } }, "copy");
    code.after(" ", button);
  }
}

/** What a mark of a chart says of itself, beside the mouse. */
function hovering() {
  const tip = h("div", { class: "lf-tip", hidden: true, "aria-hidden": "true" });
  document.body.append(tip);
  document.addEventListener("pointermove", (event) => {
    const mark = event.target.closest?.(".ln-pic [data-said]");
    tip.hidden = !mark;
    if (!mark) return;
    tip.replaceChildren(...mark.dataset.said.split("; ").map((line) => h("div", {}, plain(line).slice(0, 300))));
    const left = Math.max(4, Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 8)), under = event.clientY + 14;
    Object.assign(tip.style, { left: `${left}px`, top: `${under + tip.offsetHeight < innerHeight ? under : event.clientY - tip.offsetHeight - 8}px` });
  });
}

/** A link may lead to a row of a table whose block is alive: that block then stands as it is read without scripts. */
function reveal() {
  const row = location.hash ? document.getElementById(location.hash.slice(1)) : null, still = row?.closest(".ln-still[hidden]");
  if (still) {
    still.hidden = false;
    still.parentElement.querySelector(".ln-alive").hidden = true;
    for (let fold = row.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  }
  row?.scrollIntoView({ block: still ? "center" : "start" });
}

async function begin() {
  themed();
  copying();
  hovering();
  const places = [...document.querySelectorAll(".ln-alive[data-block]")];
  for (const place of places) {
    await live(place);
    await new Promise((done) => setTimeout(done));
  }
  reveal();
  addEventListener("hashchange", reveal);
  document.documentElement.dataset.alive = String(places.filter((place) => !place.hidden).length);
}

begin();
