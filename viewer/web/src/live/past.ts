/**
 * Any moment of the past: everything's place at it, asked of the service two moments at a time and reckoned between them by the times
 * of the fixes, so that a car is between two places only while it was on its way from one to the other.
 */

import { outcome } from "../ask";
import { address } from "../registers";
import type { Failure } from "../service";
import { BIT } from "./frame";
import { readIncidents, type Incident } from "./incidents";
import { directionOf, ecefOf, type Mover, type Vector } from "./motion";
import { read } from "../service";

export interface PastPosition { id: string; kind: string; key: string; lon: number; lat: number; heading_deg: number | null; speed_kmh: number | null; accuracy_m: number | null; time: string; verdict: number }
interface PastDocument { features: { id: string; geometry: { coordinates: [number, number] }; properties: Omit<PastPosition, "id" | "lon" | "lat"> }[] }
interface Moment { at_ms: number; positions: Map<string, PastPosition> }

export const SPEEDS = [1, 10, 60] as const;
export type Speed = (typeof SPEEDS)[number];
export const DAY_MS = 86_400_000;
const STEP_MS = { least: 2000, most: 30_000 };
/** Verdicts that cast no doubt on a place: good, parked drift, late, said twice. */
const TRUSTED = new Set([0, 9, 12, 13]);
const SILENT_MS = 300_000;
/** Two places farther apart in time than this are not joined by a straight line. */
const JOINED_MS = 60_000;
const PAGE = 500;
const AHEAD = 2;

/** `floor`: the height that what moved is drawn at, since the past tells none. */
export interface PastEvents { site: () => string | null; floor: () => number; drawn: () => void; changed: () => void }

export class Past {
  /** The moment that is shown, milliseconds of UTC; null while what is shown is now. */
  at_ms: number | null = null;
  from_ms = 0;
  to_ms = 0;
  playing = false;
  speed: Speed = 1;
  why: Failure | null = null;
  /** The incidents of the span, as ticks on it. */
  ticks: Incident[] = [];
  /** The incidents as they were at the moment. */
  incidents: Incident[] = [];
  private before: Moment | null = null;
  /** The moments to come, the nearest first: two are asked for ahead, so that time need not wait for them. */
  private coming: Moment[] = [];
  private asking = false;
  private read_ms = Number.NaN;
  private last_ms = 0;
  private handles = new Map<string, number>();

  constructor(private readonly events: PastEvents) {}

  /** Goes to a moment; the span is the day that ends now where it holds the moment, else the moment's own day. */
  async enter(at_ms: number, now_ms: number): Promise<void> {
    const within = this.at_ms !== null && at_ms >= this.from_ms && at_ms <= this.to_ms;
    if (!within) {
      const day = new Date(at_ms).setHours(0, 0, 0, 0);
      [this.from_ms, this.to_ms] = now_ms - at_ms < DAY_MS ? [now_ms - DAY_MS, now_ms] : [day, day + DAY_MS];
      void this.readTicks();
    }
    this.at_ms = Math.min(Math.max(at_ms, this.from_ms), this.to_ms);
    this.events.changed();
    await this.fetch();
  }

  leave(): void {
    this.at_ms = null;
    this.playing = false;
    this.before = null;
    this.coming = [];
    this.incidents = [];
    this.why = null;
    this.read_ms = Number.NaN;
    this.handles.clear();
    this.events.changed();
  }

  play(playing: boolean): void {
    this.playing = playing;
    this.last_ms = performance.now();
    if (playing) requestAnimationFrame(() => this.step());
    this.events.changed();
  }

  setSpeed(speed: Speed): void {
    this.speed = speed;
    this.coming = [];
    this.events.changed();
  }

  /** Where everything was at the moment that is shown. */
  *drawn(): Generator<[id: string, kind: string, label: string, mover: Mover, place: Vector, towards: Vector | null]> {
    const at_ms = this.at_ms ?? 0;
    for (const [id, first] of this.before?.positions ?? []) {
      const next = this.after?.positions.get(id);
      const { lon, lat } = between(first, next, at_ms);
      const height_m = this.events.floor();
      const fix_ms = Date.parse(first.time);
      const silent = at_ms - fix_ms > SILENT_MS && (next === undefined || next.time === first.time);
      const moving = (first.speed_kmh ?? 0) > 1 && !silent;
      const doubted = !TRUSTED.has(first.verdict);
      const mover: Mover = { handle: this.handleOf(id), lon, lat, height_m, heading_deg: first.heading_deg, speed_kmh: first.speed_kmh, accuracy_m: first.accuracy_m, fix_ms, bits: (moving ? BIT.moving : 0) | (silent ? BIT.silent : 0) | (doubted ? BIT.doubted : 0) };
      yield [id, first.kind, first.key, mover, ecefOf(lon, lat, height_m), first.heading_deg === null ? null : directionOf(lon, lat, first.heading_deg)];
    }
  }

  private handleOf(id: string): number {
    const known = this.handles.get(id) ?? -1 - this.handles.size;
    this.handles.set(id, known);
    return known;
  }

  private step(): void {
    if (!this.playing || this.at_ms === null) return;
    const now = performance.now();
    const waits = this.after === null || this.at_ms >= this.after.at_ms;
    // While the next moment is on its way time stands still, and does not leap when it comes.
    if (!waits) this.at_ms = Math.min(this.at_ms + (now - this.last_ms) * this.speed, this.to_ms, this.after?.at_ms ?? this.to_ms);
    this.last_ms = now;
    if (this.at_ms >= this.to_ms) this.playing = false;
    while (this.after !== null && this.at_ms >= this.after.at_ms) this.before = this.coming.shift() ?? null;
    void this.fetch();
    this.events.drawn();
    this.events.changed();
    requestAnimationFrame(() => this.step());
  }

  /** Asks for the moment that is shown and, while it plays, for the next one. */
  private async fetch(): Promise<void> {
    if (this.asking || this.at_ms === null) return;
    this.asking = true;
    try {
      while (this.at_ms !== null) {
        const at: number = this.at_ms;
        const step = Math.min(Math.max(this.speed * 1000, STEP_MS.least), STEP_MS.most);
        const covered = this.before !== null && (this.before.at_ms === at || (this.after !== null && this.before.at_ms <= at && at <= this.after.at_ms));
        if (!covered && !(this.playing && this.before !== null && this.before.at_ms <= at && at - this.before.at_ms <= step)) {
          this.before = await this.readMoment(at);
          this.coming = [];
        } else if (this.playing && this.coming.length < AHEAD && this.last.at_ms < this.to_ms) await this.readNext(step);
        else break;
        if (this.why !== null) {
          this.playing = false;
          break;
        }
        if (Math.abs(at - this.read_ms) >= step || Number.isNaN(this.read_ms)) void this.readIncidents(at);
        this.events.drawn();
        this.events.changed();
      }
    } finally {
      this.asking = false;
    }
  }

  private get after(): Moment | null {
    return this.coming[0] ?? null;
  }

  /** The latest moment that is at hand. */
  private get last(): Moment {
    return this.coming.at(-1) ?? this.before ?? { at_ms: this.at_ms ?? 0, positions: new Map() };
  }

  private async readNext(step: number): Promise<void> {
    const { coming } = this;
    const next = await this.readMoment(Math.min(this.last.at_ms + step, this.to_ms));
    // Another speed was chosen meanwhile: its moments are others.
    if (next !== null && this.coming === coming) coming.push(next);
  }

  private async readMoment(at_ms: number): Promise<Moment | null> {
    const answer = await outcome(() => read<PastDocument>(address("/live/at", { datetime: iso(at_ms), site: this.events.site() })));
    this.why = answer.status === "failed" ? answer.why : null;
    return answer.status === "ready" ? { at_ms, positions: new Map(answer.value.features.map(({ id, geometry, properties }) => [id, { ...properties, id, lon: geometry.coordinates[0], lat: geometry.coordinates[1] }])) } : null;
  }

  private async readIncidents(at_ms: number): Promise<void> {
    this.read_ms = at_ms;
    const asked = (["open", "acknowledged"] as const).map((state) => outcome(() => readIncidents(address("/incidents", { site: this.events.site(), state, datetime: iso(at_ms), limit: PAGE }))));
    const answers = await Promise.all(asked);
    if (this.at_ms !== null) this.incidents = answers.flatMap((answer) => (answer.status === "ready" ? answer.value.incidents.map(named) : []));
    this.events.drawn();
    this.events.changed();
  }

  /** Every incident that began within the span, whatever became of it until its end. */
  private async readTicks(): Promise<void> {
    const span = [this.from_ms, this.to_ms] as const;
    this.ticks = [];
    let next: string | null = address("/incidents", { site: this.events.site(), datetime: iso(span[1]), limit: PAGE });
    const found: Incident[] = [];
    while (next !== null) {
      const from: string = next;
      const page = await outcome(() => readIncidents(from));
      if (page.status !== "ready" || this.from_ms !== span[0]) break;
      found.push(...page.value.incidents.map(named));
      // The newest come first: beyond the span there is nothing more of it.
      next = page.value.incidents.every(({ since }) => Date.parse(since) < span[0]) ? null : page.value.next;
    }
    if (this.from_ms !== span[0]) return;
    this.ticks = found.filter(({ since }) => Date.parse(since) >= span[0] && Date.parse(since) <= span[1]);
    this.events.changed();
  }
}

/** Ids of incidents are texts in the page and in addresses. */
function named(incident: Incident): Incident {
  return { ...incident, id: String(incident.id) };
}

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** Between two fixes by their own times; before the first and after the second it stands there. */
export function between(first: PastPosition, next: PastPosition | undefined, at_ms: number): { lon: number; lat: number } {
  const [start, end] = [Date.parse(first.time), next === undefined ? Number.NaN : Date.parse(next.time)];
  if (next === undefined || !(end > start) || end - start > JOINED_MS) return first;
  const share = Math.min(Math.max((at_ms - start) / (end - start), 0), 1);
  const along = (a: number, b: number): number => a + (b - a) * share;
  return { lon: along(first.lon, next.lon), lat: along(first.lat, next.lat) };
}
