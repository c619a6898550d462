/** The living compound as the page holds it: the line to the service, what moves and stands, incidents, the past, and what is chosen of it. */

import { outcome } from "../ask";
import type { Drawn } from "../scene/movers";
import type { Failure } from "../service";
import type { Twin } from "../twin";
import { buildingTitle } from "../words";
import { Chosen } from "./chosen";
import { BIT } from "./frame";
import { Feed, type Box, type Words } from "./feed";
import { Motion, type Mover } from "./motion";
import { Past } from "./past";
import { Pace } from "./pace";
import { readPosts, readZoneNames, type Post } from "./posts";
import { readStates, type DeviceState } from "./states";
import { standings } from "./standing";
import { Watch } from "./watch";

/** Whether there is a living compound for who asks: not known yet, none, not for them, or there. */
export type Access = "unknown" | "none" | "refused" | "given";
export interface Counts { moving: number; standing: number; silent: number; alarm: number }

/** In the order in which they are drawn: what one looks for first. */
const COLLECTIONS = ["perimeter", "gates", "cameras", "doors", "panic-buttons", "lifts", "fire-points"] as const;
const TOLD_EACH_MS = 250;
const NOT_READY = 503;
const AGAIN_MS = 5000;
const WITHIN_M = 0.3;
const NEAR_M = { gate: 30, building: 40 };
/** The picture is asked for this much beyond what is seen, so that a small step asks for nothing. */
const AROUND = { least_m: 1500, heights: 5, degree_m: 111_194 };

export class Live extends EventTarget {
  access: Access = "unknown";
  readonly states = new Map<string, DeviceState>();
  readonly motion = new Motion(() => this.floor);
  readonly feed: Feed;
  readonly watch: Watch;
  readonly past: Past;
  readonly chosen: Chosen;
  counts: Counts = { moving: 0, standing: 0, silent: 0, alarm: 0 };
  /** Whether moving and standing things are drawn. */
  shown = true;
  /** Where the registers say that devices stand, by their id. */
  readonly posts = new Map<string, Post>();
  private zones: ReadonlyMap<string, string> = new Map();
  /** The service's clock minus this machine's, milliseconds. */
  private ahead_ms = 0;
  private readonly pace = new Pace(() => this.draw());
  private telling = false;
  private again: ReturnType<typeof setTimeout> | undefined;
  /** What the service says is amiss with what it sends, until the next frame. */
  trouble: Words | null = null;
  private bbox: Box | null = null;

  constructor(readonly twin: Twin) {
    super();
    this.chosen = new Chosen(this, () => this.changed());
    this.watch = new Watch(twin, () => {
      this.drawDevices();
      this.changed();
    });
    this.past = new Past({
      site: () => twin.site?.code ?? null,
      floor: () => this.floor,
      drawn: () => {
        this.drawDevices();
        this.pace.run();
      },
      changed: () => this.changed(),
    });
    this.feed = new Feed({
      opened: () => this.motion.clear(),
      frame: (frame) => {
        this.trouble = null;
        const ahead = frame.tick_ms - Date.now();
        this.ahead_ms = this.motion.size === 0 ? ahead : Math.max(this.ahead_ms - 1, ahead);
        this.motion.apply(frame, this.now_ms);
        this.count();
        this.changed();
        this.pace.run();
      },
      names: () => this.pace.run(),
      states: (states) => this.take(states),
      line: () => {
        this.changed();
        this.pace.run();
      },
      problem: (words) => {
        this.trouble = words;
        this.changed();
      },
    });
  }

  /** The service's clock, milliseconds of UTC. */
  get now_ms(): number {
    return Date.now() + this.ahead_ms;
  }

  /** The site's own height: where nothing else is known of how high something is. */
  get floor(): number {
    return this.twin.site?.origin.height_m ?? 0;
  }

  get replays(): boolean {
    return this.past.at_ms !== null;
  }

  /** Of the site that was opened: asks whether there is anything live for who asks, and begins. */
  async open(): Promise<void> {
    const site = this.twin.site?.code ?? null;
    this.close();
    if (site === null || !this.twin.desk.may("read_live")) return this.deny(null);
    const pages = readStates();
    const first = await outcome(() => pages.next());
    if (this.twin.site?.code !== site) return;
    if (first.status !== "ready") return this.deny(first.status === "failed" ? first.why : null);
    this.access = "given";
    this.take(first.value.value ?? []);
    this.watch.begin();
    this.around();
    this.twin.set({});
    await Promise.all([this.readOn(site, pages), this.readPosts(site)]);
    this.drawDevices();
  }

  /** Asks for what lies around the eye; called when the eye has come to rest. */
  around(): void {
    const { site, view } = this.twin;
    if (this.access !== "given" || !site || !view || this.replays) return;
    const pose = view.eye.pose;
    const reach_m = Math.max(AROUND.least_m, Math.abs(pose.height_m - site.origin.height_m) * AROUND.heights);
    const [north, east] = [reach_m / AROUND.degree_m, reach_m / AROUND.degree_m / Math.cos((pose.lat * Math.PI) / 180)];
    const box: Box = [pose.lon - east, pose.lat - north, pose.lon + east, pose.lat + north];
    if (this.bbox && this.feed.line !== "resting" && holds(this.bbox, box, 1 / 3)) return;
    this.bbox = box;
    this.feed.ask({ site: site.code, bbox: box });
  }

  show(shown: boolean): void {
    this.shown = shown;
    if (this.twin.view) this.twin.view.devices.visible = shown;
    this.draw();
    this.twin.set({});
    this.changed();
  }

  /** Shows a moment of the past; null is now again. */
  async goTo(at_ms: number | null): Promise<void> {
    if (at_ms === null) {
      this.past.leave();
      this.bbox = null;
      this.around();
      this.chosen.renew();
    } else {
      this.feed.rest();
      this.motion.clear();
      await this.past.enter(at_ms, this.now_ms);
    }
    this.twin.remember();
    this.draw();
    this.drawDevices();
    this.changed();
  }

  /** The mover that is drawn under a handle, now or in the past, with its name. */
  moverOf(handle: number): { mover: Mover; id: string; kind: string; label: string } | null {
    if (this.replays) {
      for (const [id, kind, label, mover] of this.past.drawn()) if (mover.handle === handle) return { mover, id, kind, label };
      return null;
    }
    const mover = this.motion.get(handle);
    const name = this.feed.names.get(handle);
    return mover && name ? { mover, id: `${name.kind}/${name.key}`, kind: name.kind, label: name.name ?? name.key } : null;
  }

  /** The incidents that count at the moment that is shown: those that run now, or those that ran then. */
  get incidents(): readonly { devices: { id: string }[]; state: string }[] {
    return this.replays ? this.past.incidents.filter(({ state }) => state !== "closed") : this.watch.running;
  }

  /** Draws everything where it is at the moment that is shown; whether it will be elsewhere in the next picture. */
  draw(): boolean {
    const { view } = this.twin;
    if (!view) return false;
    let moving = view.devices.pulses;
    const drawn: Drawn[] = [];
    if (this.shown && this.replays) {
      for (const [, kind, label, mover, place, towards] of this.past.drawn()) drawn.push({ mover, kind, label, place, towards });
    } else if (this.shown) {
      const stale = this.feed.line === "broken" || this.trouble !== null ? BIT.silent : 0;
      for (const [mover, place, towards, onItsWay] of this.motion.drawn(this.now_ms)) {
        const name = this.feed.names.get(mover.handle);
        drawn.push({ mover: stale ? { ...mover, bits: mover.bits | stale } : mover, place, towards, kind: name?.kind ?? "vehicle", label: name ? (name.name ?? name.key) : "" });
        moving ||= onItsWay;
      }
    }
    view.movers.selected = this.chosen.handle;
    view.movers.draw(drawn);
    this.chosen.follow();
    return moving;
  }

  changed(): void {
    if (this.telling) return;
    this.telling = true;
    // Frames come five times a second; the parts that show what is live are told once in a while.
    setTimeout(() => {
      this.telling = false;
      this.dispatchEvent(new Event("change"));
    }, TOLD_EACH_MS);
  }

  private close(): void {
    this.feed.rest();
    this.watch.end();
    this.past.leave();
    this.chosen.clear();
    this.motion.clear();
    this.states.clear();
    this.posts.clear();
    clearTimeout(this.again);
    this.bbox = null;
    this.access = "unknown";
  }

  /** There is nothing for who asks; where only the hub is not there yet, it is asked for again. */
  private deny(why: Failure | null): void {
    this.access = why === null || why.key === "failure.forbidden" ? "refused" : "none";
    this.drawDevices();
    this.draw();
    this.changed();
    clearTimeout(this.again);
    if (why?.status === NOT_READY) this.again = setTimeout(() => void this.open(), AGAIN_MS);
  }

  private async readOn(site: string, pages: AsyncGenerator<DeviceState[]>): Promise<void> {
    for (;;) {
      const page = await outcome(() => pages.next());
      if (page.status !== "ready" || page.value.done === true || this.twin.site?.code !== site) return;
      this.take(page.value.value);
    }
  }

  private async readPosts(site: string): Promise<void> {
    for (const collection of COLLECTIONS) {
      const posts = await outcome(() => readPosts(collection));
      if (this.twin.site?.code !== site) return;
      for (const post of posts.status === "ready" ? posts.value : []) this.posts.set(post.id, post);
      this.drawDevices();
    }
    const zones = await outcome(readZoneNames);
    if (this.twin.site?.code !== site || zones.status !== "ready") return;
    this.zones = zones.value;
    this.changed();
  }

  /** The gate that something stands at, or the building it stands beside; null where neither is near. */
  landmark(lon: number, lat: number): string | null {
    const away = (at: { lon: number; lat: number }): number => Math.hypot((lon - at.lon) * Math.cos((lat * Math.PI) / 180), lat - at.lat) * AROUND.degree_m;
    const gates = [...this.posts.values()].filter(({ kind, name }) => kind === "gate" && name !== null).map((post) => ({ name: post.name as string, far_m: away(post) }));
    const houses = (this.twin.tree?.buildings ?? []).flatMap((one) => (one.centre === null ? [] : [{ name: buildingTitle(one), far_m: away(one.centre) - (one.radius_m ?? 0) / 2 }]));
    const nearest = [...gates.filter(({ far_m }) => far_m < NEAR_M.gate), ...houses.filter(({ far_m }) => far_m < NEAR_M.building)].sort((a, b) => a.far_m - b.far_m)[0];
    return nearest?.name ?? null;
  }

  /** The name of a place by its feature id, as far as the page knows it. */
  placeName(id: string): string {
    const building = this.twin.tree?.buildings.find((one) => one.id === id);
    return building ? buildingTitle(building) : (this.zones.get(id) ?? this.posts.get(id.replace(":", "/"))?.name ?? id.slice(id.indexOf(":") + 1));
  }

  private take(states: readonly DeviceState[]): void {
    for (const state of states) this.states.set(state.id, state);
    this.drawDevices();
    this.changed();
  }

  drawDevices(): void {
    const alarmed = new Set(this.incidents.flatMap(({ devices }) => devices.map(({ id }) => id)));
    const { states, posts } = this;
    this.twin.view?.devices.draw(this.access === "given" ? standings({ states, posts, alarmed, past: this.replays, floor: this.floor, opens: (post) => this.opens(post) }) : []);
    this.pace.run();
  }

  /** Whether something inside stands in the storey that lies open. */
  private opens({ lon, lat, height_m }: { lon: number; lat: number; height_m: number }): boolean {
    const { twin } = this;
    const found = twin.storey === null ? null : twin.findStorey(twin.storey);
    if (!found?.storey.z_range || !found.building.centre) return false;
    const [low, high] = found.storey.z_range;
    const up = height_m - (twin.site?.origin.height_m ?? 0);
    const { centre, radius_m } = found.building;
    const away = Math.hypot((lon - centre.lon) * Math.cos((lat * Math.PI) / 180), lat - centre.lat) * AROUND.degree_m;
    return up > low - WITHIN_M && up < high + WITHIN_M && away < (radius_m ?? 0);
  }

  private count(): void {
    const counts: Counts = { moving: 0, standing: 0, silent: 0, alarm: 0 };
    for (const { bits } of this.motion.movers()) {
      if ((bits & BIT.alarm) !== 0) counts.alarm += 1;
      if ((bits & BIT.silent) !== 0) counts.silent += 1;
      else if ((bits & BIT.moving) !== 0) counts.moving += 1;
      else counts.standing += 1;
    }
    this.counts = counts;
  }
}

/** Whether a box holds another and is not so much larger that one sees a small part of what comes. */
function holds(box: Box, wanted: Box, share: number): boolean {
  const [middleX, middleY] = [(wanted[0] + wanted[2]) / 2, (wanted[1] + wanted[3]) / 2];
  const half = [(wanted[2] - wanted[0]) / 2 * (1 - share), (wanted[3] - wanted[1]) / 2 * (1 - share)] as const;
  const inside = middleX - half[0] >= box[0] && middleX + half[0] <= box[2] && middleY - half[1] >= box[1] && middleY + half[1] <= box[3];
  return inside && box[2] - box[0] <= 3 * (wanted[2] - wanted[0]);
}
