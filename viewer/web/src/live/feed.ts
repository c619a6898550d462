/** The line to `/live`: kept open, opened again when it breaks, and never silently old. */

import { decodeFrame, type Frame } from "./frame";
import type { DeviceState } from "./states";

export type Line = "connecting" | "open" | "broken" | "resting";
export type Box = [west: number, south: number, east: number, north: number];
export interface Name { kind: string; key: string; name: string | null }
export interface Words { zh?: string; en?: string }
export interface Wish { site: string; bbox: Box | null }

export interface FeedEvents {
  /** A new line: handles of the old one mean nothing on it. */
  opened: () => void;
  frame: (frame: Frame) => void;
  names: () => void;
  states: (states: readonly DeviceState[]) => void;
  line: () => void;
  /** A message that this page does not understand, or the service did not; in the service's words where it has some. */
  problem: (words: Words) => void;
}

/** The service sends a full frame every 30 s; longer silence than this is a broken line. */
const SILENCE_MS = 45_000;
const CHECKED_MS = 5_000;
const PATIENCE_MS = { first: 500, most: 15_000 };
/** The service has as many watchers as it may: to ask again at once would only be in the way. */
const TRY_AGAIN_LATER = 1013;

export class Feed {
  line: Line = "resting";
  /** When the last message came, milliseconds of UTC by this machine; null where none ever came. */
  heard_ms: number | null = null;
  readonly names = new Map<number, Name>();
  private socket: WebSocket | null = null;
  private wish: Wish | null = null;
  /** The line is a new one and nothing came by it yet: what the old one said stays in sight until then. */
  private renewed = false;
  private wait_ms = PATIENCE_MS.first;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly watch = setInterval(() => this.check(), CHECKED_MS);

  constructor(private readonly events: FeedEvents) {}

  /** Asks for what a site and a box hold, now and from now on. */
  ask(wish: Wish): void {
    this.wish = wish;
    if (this.socket === null && this.line !== "broken") this.open();
    else this.say();
  }

  /** Hangs up until something is asked for again. */
  rest(): void {
    clearTimeout(this.timer);
    this.wish = null;
    this.drop();
    this.turn("resting");
  }

  end(): void {
    this.rest();
    clearInterval(this.watch);
  }

  private open(): void {
    const address = new URL("/live", location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    if (this.line !== "broken") this.turn("connecting");
    const mine = (act: () => void) => (): void => {
      if (this.socket === socket) act();
    };
    socket.addEventListener("open", mine(() => {
      this.renewed = true;
      this.say();
    }));
    socket.addEventListener("close", ({ code }) => mine(() => {
      if (code === TRY_AGAIN_LATER) this.wait_ms = PATIENCE_MS.most;
      this.lost();
    })());
    socket.addEventListener("message", (message) => mine(() => this.hear(message.data as ArrayBuffer | string))());
  }

  private say(): void {
    if (this.wish && this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ subscribe: { site: this.wish.site, ...(this.wish.bbox ? { bbox: this.wish.bbox } : {}) } }));
  }

  private hear(data: ArrayBuffer | string): void {
    this.heard_ms = Date.now();
    this.wait_ms = PATIENCE_MS.first;
    this.turn("open");
    try {
      if (typeof data === "string") this.read(JSON.parse(data) as Told);
      else {
        const frame = decodeFrame(data);
        this.renew();
        this.events.frame(frame);
      }
    } catch (error) {
      if (!(error instanceof RangeError || error instanceof SyntaxError)) throw error;
      this.events.problem({});
    }
  }

  private read(told: Told): void {
    if (told.type === "names") {
      this.renew();
      for (const [handle, kind, key, name] of told.names) this.names.set(handle, { kind, key, name });
      this.events.names();
    } else if (told.type === "states") this.events.states(told.states);
    else if (told.type === "problem") this.events.problem(told.words ?? {});
  }

  private renew(): void {
    if (!this.renewed) return;
    this.renewed = false;
    this.names.clear();
    this.events.opened();
  }

  private check(): void {
    if (this.line === "open" && this.heard_ms !== null && Date.now() - this.heard_ms > SILENCE_MS) this.lost();
  }

  private lost(): void {
    this.drop();
    this.turn("broken");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (this.wish) this.open();
    }, this.wait_ms * (0.75 + Math.random() / 2));
    this.wait_ms = Math.min(this.wait_ms * 2, PATIENCE_MS.most);
  }

  private drop(): void {
    const { socket } = this;
    this.socket = null;
    socket?.close();
  }

  private turn(line: Line): void {
    if (line === this.line) return;
    this.line = line;
    this.events.line();
  }
}

type Told =
  | { type: "names"; names: [number, string, string, string | null][] }
  | { type: "states"; at: string; states: DeviceState[] }
  | { type: "problem"; title: string; detail?: string; words?: Words };
