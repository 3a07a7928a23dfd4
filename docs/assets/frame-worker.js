// Search runs in a worker, and a browser starts none for a page that is read from a disk. There a hidden frame does the
// same work: it is given the two ways to talk that a worker has. Zensical would ask a CDN for such a stand-in.
if (location.protocol === "file:") {
  // As between threads: a copy, and not at once.
  const later = (data, then) => {
    const copy = structuredClone(data);
    setTimeout(() => then(copy));
  };
  window.Worker = class {
    #frame = document.createElement("iframe");
    #waiting = [];

    constructor(address) {
      this.#frame.hidden = true;
      document.documentElement.append(this.#frame);
      const inside = this.#frame.contentWindow;
      inside.postMessage = (data) => later(data, (copy) => this.onmessage?.({ data: copy }));
      const script = inside.document.createElement("script");
      script.src = new URL(address, document.baseURI).href;
      script.onload = () => {
        const waiting = this.#waiting;
        this.#waiting = null;
        waiting.forEach((data) => this.postMessage(data));
      };
      script.onerror = (event) => this.onerror?.(event);
      inside.document.head.append(script);
    }

    postMessage(data) {
      if (this.#waiting) this.#waiting.push(data);
      else later(data, (copy) => this.#frame.contentWindow?.dispatchEvent(new MessageEvent("message", { data: copy })));
    }

    terminate() {
      this.#frame.remove();
    }
  };
}
