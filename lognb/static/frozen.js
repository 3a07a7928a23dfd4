// What answers in a saved page in the place of Python: the records and rows that were kept. Nothing is asked of anybody.
import { number } from "./common.js";

/** The same as port() of common.js. `traits` are what is drawn; `answers` {kind: fn(args)}: what can be asked. */
export function frozen(traits, answers = {}) {
  const heard = new Map();
  return {
    get: (name) => traits[name],
    can: (kind) => Object.hasOwn(answers, kind),
    on(name, fn) {
      heard.set(name, [...(heard.get(name) || []), fn]);
      return () => heard.set(name, heard.get(name).filter((one) => one !== fn));
    },
    async ask(kind, args = {}) {
      await null; // whoever asks goes on first, as where an answer takes its way
      if (!Object.hasOwn(answers, kind)) throw new Error("nobody can answer this in a saved page");
      return answers[kind](args);
    },
    /** Other traits; those who listen hear of each. */
    set(more) {
      Object.assign(traits, more);
      for (const name of Object.keys(more)) for (const fn of heard.get(name) || []) fn();
    },
    close() {},
  };
}

const by = (list) => list.reduce((most, v) => most.set(v, (most.get(v) || 0) + 1), new Map());

/**
 * The records of a panel that were kept, and which of them one wants to see: those of a window, with values of facets,
 * with a text in them. `given`: {count, page: columns of rows, values: {field: text of each row}, newest}.
 */
export class Kept {
  constructor(given) {
    const { page } = given;
    Object.assign(this, { given, page, n: page.ids.length, since: null, until: null, text: "", turned: false, chosen: new Map(), past: [] });
    this.times = page.time.map((ns) => (ns === null ? null : BigInt(ns)));
    this.read = page.ids.map((_, i) => [page.body[i], page.service[i], page.severity[i], ...Object.values(page.cells).map((c) => c[i])].join("\n").toLowerCase());
  }

  get whole() { return this.n === this.given.count; }
  get all() { return this.since === null && !this.text && ![...this.chosen.values()].some((own) => own.size); }

  /** What the records are of, to stand behind their number. */
  tail() {
    const records = (n) => `record${n === 1 ? "" : "s"}`;
    if (this.all && this.whole) return ` ${records(this.n)} `;
    if (this.whole) return ` of ${number(this.n)} ${records(this.n)} `;
    return this.all ? ` of ${number(this.given.count)} records: the ${this.given.newest ? "newest" : "oldest"} are kept here ` : ` of the ${number(this.n)} records kept here, of ${number(this.given.count)} `;
  }

  window(since, until) {
    this.past.push([this.since, this.until]);
    [this.since, this.until] = [since, until].map((ns) => (ns === null ? null : BigInt(ns)));
  }

  back() {
    if (this.past.length) [this.since, this.until] = this.past.pop();
  }

  choose(field, value, state) {
    const own = this.chosen.get(field) || new Map();
    own.delete(value);
    if (state) own.set(value, state);
    this.chosen.set(field, own);
  }

  /** Whether row `i` has what is chosen of a field. */
  fits(i, field, own) {
    const values = this.given.values[field];
    if (!values || !own.size) return true;
    const state = own.get(values[i]);
    return [...own.values()].includes("include") ? state === "include" : state !== "exclude";
  }

  /** The rows that are wanted, by number; `but` is a field that does not count. */
  rows(but = null) {
    const word = this.text.trim().toLowerCase(), found = [];
    for (let i = 0; i < this.n; i++) {
      const ns = this.times[i];
      if (this.since !== null && (ns === null || ns < this.since || ns >= this.until)) continue;
      if (word && !this.read[i].includes(word)) continue;
      if ([...this.chosen].every(([field, own]) => field === but || this.fits(i, field, own))) found.push(i);
    }
    return this.turned ? found.reverse() : found;
  }

  /** Some rows as a page of the table. */
  slice(rows, offset, limit, revision) {
    const some = rows.slice(offset, offset + limit), { page } = this, pick = (list) => some.map((i) => list[i]);
    const cells = Object.fromEntries(Object.entries(page.cells).map(([name, list]) => [name, pick(list)]));
    return { revision, offset, ids: pick(page.ids), time: pick(page.time), severity: pick(page.severity), service: pick(page.service), body: pick(page.body), cells };
  }

  /** The facets: as they were counted while all records are meant, else counted here. */
  facets(given) {
    return given.map((facet) => {
      const { field } = facet, own = this.chosen.get(field) || new Map(), texts = this.given.values[field];
      const counts = this.all || !texts ? null : by(this.rows(field).map((i) => texts[i]));
      const some = [...own.values()].includes("include");
      const values = facet.values.filter((v) => v.chosen !== false); // what the query of the panel left out is not here
      return { ...facet, values: values.map((v) => ({ ...v, records: counts ? counts.get(v.value) || 0 : v.records,
        state: own.get(v.value) ?? null, chosen: some ? own.get(v.value) === "include" : own.get(v.value) !== "exclude" })) };
    });
  }

  strip(given, rows) {
    if (!given || (this.all && !this.whole)) return given;
    const of = (field) => rows.map((i) => this.given.values[field]?.[i] ?? null).filter((v) => v !== null);
    const [sessions, users] = [of("session_id"), of("user_id")];
    return this.all ? given : { records: rows.length, tail: this.whole ? "" : " kept here", sessions: new Set(sessions).size, with_session: sessions.length, users: new Set(users).size, with_user: users.length };
  }
}

/** A text as a cell of CSV: quoted, and nothing that a spreadsheet would run. */
export function csv(text) {
  const safe = /^[=+\-@\t\r]/.test(text) && !/^-?[\d.,]+( \S{1,3})?$/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A text as a cell of a Markdown table. */
export function markdown(text) {
  return text.replace(/[\\|<>*_`[\]]/g, "\\$&").replace(/\s+/g, " ");
}
