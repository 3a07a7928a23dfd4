// The styles of a recorded page without any in line: a saved report's policy lets in no style that it does not know, and a
// frame inherits it. So in the place of each <style> stands an element that nobody sees, with its text, and what that
// says is a constructed sheet of its document or shadow root, in the order of the elements. Style attributes are set
// through the object model. No policy forbids either, since only scripts can do it, and the recording has none.

const STAND_INS = { "http://www.w3.org/1999/xhtml": "datalist", "http://www.w3.org/2000/svg": "metadata" };

export class Adopted {
  /** `view` is the frame's window, before anything is built in it. */
  constructor(view) {
    Object.assign(this, { view, all: new Map(), theirs: new Map(), fresh: false, laid: new Set(), put: new Map() });
    const adopted = this;
    for (const { prototype } of [view.Document, view.ShadowRoot]) {
      this.put.set(prototype, Object.getOwnPropertyDescriptor(prototype, "adoptedStyleSheets").set);
      Object.defineProperty(prototype, "adoptedStyleSheets", {
        configurable: true,
        get() { return adopted.theirs.get(this) || []; },
        set(list) { adopted.theirs.set(this, [...list]); adopted.lay(this); },
      });
    }
  }

  /** What stands for a <style>; `make(tag)` makes an element of the same namespace. */
  take(make, space) {
    const el = make(STAND_INS[space] || "metadata"), own = { sheet: null, text: null, media: null, there: false };
    this.all.set(el, own);
    this.fresh = true;
    Object.defineProperty(el, "sheet", { get: () => this.filled(el, own) });
    for (const name of ["nodeName", "tagName"]) Object.defineProperty(el, name, { value: "STYLE" }); // as rrweb asks
    return el;
  }

  filled(el, own) {
    const text = el.textContent, media = el.getAttribute("media") || "";
    own.sheet ??= new this.view.CSSStyleSheet();
    if (text !== own.text) own.sheet.replaceSync(text);
    if (media !== own.media) own.sheet.media.mediaText = media;
    Object.assign(own, { text, media });
    return own.sheet;
  }

  /** After nodes were added or taken away; `again` where the texts of styles may be others. */
  settle(again) {
    let moved = this.fresh || again;
    for (const [el, own] of this.all) {
      moved ||= el.isConnected !== own.there;
      own.there = el.isConnected;
      if (!own.there) this.all.delete(el); // rrweb makes a node anew where it comes back
    }
    if (!moved) return;
    this.fresh = false;
    const roots = new Set([...this.laid].filter((root) => root === this.view.document || root.host?.isConnected));
    for (const el of this.all.keys()) roots.add(el.getRootNode());
    this.laid = roots;
    for (const root of roots) this.lay(root);
  }

  lay(root) {
    const own = [...root.querySelectorAll("datalist, metadata")].filter((el) => this.all.has(el)).map((el) => this.filled(el, this.all.get(el)));
    const put = this.put.get((root instanceof this.view.ShadowRoot ? this.view.ShadowRoot : this.view.Document).prototype);
    put.call(root, [...own, ...(this.theirs.get(root) || [])]);
  }
}
