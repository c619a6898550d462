/** The living compound as the page holds it: the line to the service, what moves, what is drawn of it. */

import { outcome } from "../ask";
import { address } from "../registers";
import type { Drawn } from "../scene/movers";
import type { Twin } from "../twin";
import { BIT } from "./frame";
import { Feed, type Box } from "./feed";
import { Motion } from "./motion";
import { readStates, type DeviceState } from "./states";

/** Whether there is a living compound for who asks: not known yet, none, not for them, or there. */
export type Access = "unknown" | "none" | "refused" | "given";
export interface Counts { moving: number; standing: number; silent: number; alarm: number }

const PAGE = 1000;
const TOLD_EACH_MS = 250;
const DRAWN_EACH_MS = 33;
/** A share of the time at most goes into drawing what moves, so that a slow machine still answers its user. */
const REST_SHARE = 1.5;

export class Live extends EventTarget {
  access: Access = "unknown";
  readonly states = new Map<string, DeviceState>();
  readonly motion = new Motion();
  readonly feed: Feed;
  counts: Counts = { moving: 0, standing: 0, silent: 0, alarm: 0 };
  /** The service's clock minus this machine's, milliseconds. */
  private ahead_ms = 0;
  private due_ms = 0;
  private running = false;
  private telling = false;
  private bbox: Box | null = null;

  constructor(private readonly twin: Twin) {
    super();
    this.feed = new Feed({
      opened: () => this.motion.clear(),
      frame: (frame) => {
        this.ahead_ms = this.motion.size === 0 ? frame.tick_ms - Date.now() : Math.max(this.ahead_ms - 1, frame.tick_ms - Date.now());
        this.motion.apply(frame, this.now_ms);
        this.count();
        this.changed();
        this.run();
      },
      names: () => this.run(),
      states: (states) => this.take(states),
      line: () => this.changed(),
      problem: () => this.changed(),
    });
  }

  /** The service's clock, milliseconds of UTC. */
  get now_ms(): number {
    return Date.now() + this.ahead_ms;
  }

  /** Of the site that was opened: asks whether there is anything live for who asks, and begins. */
  async open(): Promise<void> {
    const site = this.twin.site?.code ?? null;
    this.feed.rest();
    this.motion.clear();
    this.states.clear();
    this.access = "unknown";
    if (site === null || !this.twin.desk.may("read_live")) return this.deny("refused");
    const first = await outcome(() => readStates(address("/live/states", { site, limit: PAGE })));
    if (this.twin.site?.code !== site) return;
    if (first.status !== "ready") return this.deny(first.status === "failed" && first.why.key === "failure.forbidden" ? "refused" : "none");
    this.take(first.value.states);
    this.access = "given";
    this.ask();
    this.changed();
    await this.readOn(site, first.value.next);
  }

  /** Asks for what lies around the eye; called when the eye has moved. */
  ask(): void {
    if (this.access !== "given" || !this.twin.site) return;
    this.feed.ask({ site: this.twin.site.code, bbox: this.bbox });
  }

  private async readOn(site: string, next: string | null): Promise<void> {
    while (next !== null && this.twin.site?.code === site) {
      const from: string = next;
      const page = await outcome(() => readStates(from));
      if (page.status !== "ready") return;
      this.take(page.value.states);
      next = page.value.next;
    }
  }

  private take(states: readonly DeviceState[]): void {
    for (const state of states) this.states.set(state.id, state);
    this.changed();
  }

  private deny(access: Access): void {
    this.access = access;
    this.twin.view?.movers.draw([]);
    this.changed();
  }

  private count(): void {
    const counts: Counts = { moving: 0, standing: 0, silent: 0, alarm: 0 };
    for (const [{ bits }] of this.motion.drawn(0)) {
      if ((bits & BIT.alarm) !== 0) counts.alarm += 1;
      if ((bits & BIT.silent) !== 0) counts.silent += 1;
      else if ((bits & BIT.moving) !== 0) counts.moving += 1;
      else counts.standing += 1;
    }
    this.counts = counts;
  }

  /** Draws for as long as something is on its way. */
  private run(): void {
    if (this.running) return;
    this.running = true;
    requestAnimationFrame(() => this.step());
  }

  private step(): void {
    const started = performance.now();
    if (started < this.due_ms) return void requestAnimationFrame(() => this.step());
    const onItsWay = this.draw();
    this.running = onItsWay;
    setTimeout(() => {
      // After the picture was drawn: what it cost decides when the next one is due.
      this.due_ms = performance.now() + Math.max(DRAWN_EACH_MS - (performance.now() - started), 0, (performance.now() - started - DRAWN_EACH_MS) * REST_SHARE);
      if (onItsWay) requestAnimationFrame(() => this.step());
    });
  }

  /** Draws everything where it is now; whether it will be elsewhere in the next picture. */
  draw(): boolean {
    let moving = false;
    const drawn: Drawn[] = [];
    for (const [mover, place, towards, onItsWay] of this.motion.drawn(this.now_ms)) {
      const name = this.feed.names.get(mover.handle);
      drawn.push({ mover, place, towards, kind: name?.kind ?? "vehicle", label: name ? (name.name ?? name.key) : "" });
      moving ||= onItsWay;
    }
    this.twin.view?.movers.draw(drawn);
    return moving;
  }

  /** Tells the parts that show what is live, in the next turn and once: frames come five times a second. */
  private changed(): void {
    if (this.telling) return;
    this.telling = true;
    setTimeout(() => {
      this.telling = false;
      this.dispatchEvent(new Event("change"));
    }, TOLD_EACH_MS);
  }
}
