// A WebSocket that comes back by itself, and the age of what it said last.

const KEY = new URLSearchParams(location.search).get("key") ?? "";
export const HEADERS = { "X-Page-Key": KEY };
export const WRONG_KEY = 4403;
const FIRST_PAUSE = 300, LONGEST_PAUSE = 2000; // [ms]

export class Link {
  /** handlers: opened(), heard(data), closed(code); all may be left out. */
  constructor(path, handlers) {
    this.path = path;
    this.handlers = handlers;
    this.pause = FIRST_PAUSE;
    this.lastHeard = -Infinity;
    this.connect();
  }

  get isOpen() { return this.socket.readyState === WebSocket.OPEN; }

  /** Seconds since the last message. */
  get silence() { return (performance.now() - this.lastHeard) / 1000; }

  send(text) { if (this.isOpen) this.socket.send(text); }

  connect() {
    const url = new URL(this.path, location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    url.search = new URLSearchParams({ key: KEY });
    const socket = this.socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.handlers.opened?.();
    socket.onmessage = event => {
      this.pause = FIRST_PAUSE;
      this.lastHeard = performance.now();
      this.handlers.heard?.(event.data);
    };
    socket.onclose = event => {
      this.handlers.closed?.(event.code);
      setTimeout(() => this.connect(), event.code === WRONG_KEY ? LONGEST_PAUSE : this.pause);
      this.pause = Math.min(2 * this.pause, LONGEST_PAUSE);
    };
  }
}

/** A link in lock step: it asks for the next message when `show` has shown the last one. */
export function follow(path, show, closed) {
  const link = new Link(path, {
    opened: () => link.send("next"),
    heard: async data => {
      try { await show(data); } finally { link.send("next"); }
    },
    closed,
  });
  return link;
}
