// The events of a recording as they are needed: packed pieces that are opened when one comes near them, and forgotten when
// one is far away. A piece is opened by the browser off the page's thread; only its JSON is parsed here.

const KEPT = 24_000_000; // bytes of JSON of opened pieces

/** `list`: {window, first, last, full, size} of each piece; `fetch(i)` gives its bytes, gzip of a JSON array. */
export class Chunks {
  constructor(list, fetch) {
    this.list = list;
    this.fetch = fetch;
    this.opened = new Map(); // number -> events, the one used last at the end
    this.coming = new Map();
  }

  /** The events of piece `i` if they are here. */
  here(i) {
    const events = this.opened.get(i);
    if (!events) return null;
    this.opened.delete(i);
    this.opened.set(i, events);
    return events;
  }

  /** Brings piece `i` here. */
  load(i) {
    const events = this.here(i);
    if (events) return Promise.resolve(events);
    if (!this.coming.has(i)) {
      const made = this.open(i).finally(() => this.coming.delete(i));
      made.catch(() => {}); // whoever waits for it hears of it; who only wanted it early does not
      this.coming.set(i, made);
    }
    return this.coming.get(i);
  }

  async open(i) {
    const stream = new Blob([await this.fetch(i)]).stream().pipeThrough(new DecompressionStream("gzip"));
    const events = await new Response(stream).json();
    for (const event of events) event.at = begins(event);
    events.sort((a, b) => a.at - b.at);
    this.opened.set(i, events);
    let kept = 0;
    for (const key of [...this.opened.keys()].reverse()) {
      kept += this.list[key].size;
      if (kept > KEPT && key !== i) this.opened.delete(key);
    }
    return events;
  }
}

/** When an event begins, ms: one of the mouse tells the half second before it. */
function begins({ timestamp, data }) {
  const earlier = data && Array.isArray(data.positions) && data.positions.length ? Number(data.positions[0].timeOffset) : 0;
  return timestamp + (earlier < 0 && earlier > -5000 ? earlier : 0);
}
