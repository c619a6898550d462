/** The line to `/events`: what happened, in the order of its numbers, and a word where some of it was missed. */

import type { IncidentNews } from "./incidents";

export interface EventsHeard {
  /** The line is open anew: what was read before it may be old. */
  opened: () => void;
  incident: (news: IncidentNews) => void;
  /** Events of these numbers will not come: what is shown has to be read anew. */
  gap: () => void;
  line: () => void;
}

const NAMED = ["pingshan.alarm", "pingshan.incident", "pingshan.fence", "pingshan.passage", "pingshan.state", "pingshan.gap", "gap"] as const;
const PATIENCE_MS = { first: 1000, most: 30_000 };

export class EventLine {
  open = false;
  /** When the line broke, milliseconds of UTC by this machine; null while it is open. */
  broken_ms: number | null = null;
  private source: EventSource | null = null;
  private last: string | null = null;
  private wait_ms = PATIENCE_MS.first;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly heard: EventsHeard) {}

  begin(): void {
    this.end();
    this.last = null;
    this.connect();
  }

  end(): void {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
    this.open = false;
  }

  private connect(): void {
    const source = new EventSource(this.last === null ? "/events" : `/events?since=${encodeURIComponent(this.last)}`);
    this.source = source;
    source.addEventListener("open", () => {
      if (this.source !== source) return;
      this.wait_ms = PATIENCE_MS.first;
      this.open = true;
      this.broken_ms = null;
      this.heard.opened();
      this.heard.line();
    });
    source.addEventListener("error", () => {
      if (this.source !== source) return;
      this.open = false;
      this.broken_ms ??= Date.now();
      this.heard.line();
      // The browser opens a broken line again by itself; one that was refused it gives up.
      if (source.readyState === EventSource.CLOSED) this.timer = setTimeout(() => this.connect(), this.wait_ms);
      this.wait_ms = Math.min(this.wait_ms * 2, PATIENCE_MS.most);
    });
    for (const name of ["message", ...NAMED]) source.addEventListener(name, (event) => this.hear(event as MessageEvent<string>));
  }

  private hear(event: MessageEvent<string>): void {
    if (event.lastEventId !== "") this.last = event.lastEventId;
    const told = parsed(event.data);
    const type = typeof told["type"] === "string" ? told["type"] : event.type;
    if (type.endsWith("gap")) this.heard.gap();
    else if (type === "pingshan.incident") this.heard.incident((told["data"] ?? told) as IncidentNews);
  }
}

function parsed(text: string): { [name: string]: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === "object" ? (value as { [name: string]: unknown }) : {};
  } catch {
    return {};
  }
}
