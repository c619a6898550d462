/** What one has chosen of the living compound: a mover with its circle of accuracy and its track, a device with its cone, an incident. */

import { outcome } from "../ask";
import { address } from "../registers";
import { seenColor, type Line } from "../scene/overlay";
import { read, type LonLatHeight } from "../service";
import { readCone, type Cone } from "./cone";
import type { Incident, IncidentContext } from "./incidents";
import type { Live } from "./live";
import { ecefOf, type Vector } from "./motion";
import { iso } from "./past";

const CONES_AT_MOST = 4;
const TRACK_MS = 1_800_000;
const ABOVE_M = 0.7;
const DEGREE_M = 111_194;
const LEAST_RADIUS_M = 20;
const SIGHT = "#2f7de1";
const ROUTE = "#c2410c";
const TRACK = "#5b3fb0";

interface Track { geometry: { type: string; coordinates: number[][] } | null }

export class Chosen {
  /** The mover by its handle on this line, and by its id, which outlasts the line. */
  handle: number | null = null;
  id: string | null = null;
  device: string | null = null;
  incident: Incident | null = null;
  /** Cameras whose cones are drawn, in the order of their colours. */
  seeing: string[] = [];
  private context: IncidentContext | null = null;
  private track: Vector[] = [];
  private readonly read = new Map<string, Promise<Cone | null>>();
  private drawn: Cone[] = [];
  private laid = "";
  private ringed = "null";

  constructor(
    private readonly live: Live,
    private readonly changed: () => void,
  ) {}

  clear(): void {
    Object.assign(this, { handle: null, id: null, device: null, incident: null, context: null, seeing: [], track: [], drawn: [] });
    this.read.clear();
    this.lay();
  }

  /** `mover/7`, `device/camera/CAM-1`: what a click in the picture found. */
  pick(found: string | null): void {
    const [what, ...rest] = (found ?? "").split("/");
    const handle = what === "mover" ? Number(rest[0]) : null;
    this.handle = handle;
    this.id = handle === null ? null : (this.live.moverOf(handle)?.id ?? null);
    this.device = what === "device" ? rest.join("/") : null;
    this.track = [];
    const camera = this.device?.startsWith("camera/") ? [this.device] : [];
    this.seeing = camera.length > 0 || this.incident === null ? camera : this.ofContext();
    void this.readCones();
    this.live.draw();
    this.lay();
    this.changed();
  }

  /** A mover by its id, wherever it is on this line. */
  pickId(id: string): boolean {
    for (const handle of this.live.feed.names.keys()) {
      if (this.live.moverOf(handle)?.id !== id) continue;
      this.pick(`mover/${handle}`);
      return true;
    }
    return false;
  }

  /** The line is a new one: what was chosen has another handle on it, if any. */
  renew(): void {
    if (this.id !== null && !this.pickId(this.id)) this.handle = null;
  }

  /** An incident lies open: who sees it and who is near is drawn as soon as it is known; null: none does any more. */
  show(incident: Incident | null, context: IncidentContext | null): void {
    if (this.incident?.id === incident?.id && this.context === context) return;
    this.incident = incident;
    this.context = context;
    this.seeing = this.ofContext();
    void this.readCones();
    this.lay();
    this.changed();
  }

  toggle(camera: string): void {
    this.seeing = this.seeing.includes(camera) ? this.seeing.filter((one) => one !== camera) : [...this.seeing, camera];
    void this.readCones();
    this.changed();
  }

  /** Draws the track of a device over a period; where it lies, null where nothing is known of it. */
  async drawTrack(id: string, from_ms: number, to_ms: number): Promise<{ middle: LonLatHeight; radius_m: number } | null> {
    const answer = await outcome(() => read<Track>(trackAddress(id, from_ms, to_ms)));
    if (answer.status === "failed") this.live.twin.warn(answer.why);
    const found = answer.status === "ready" ? (answer.value.geometry?.coordinates ?? []) : [];
    this.track = raised(found, this.live.floor);
    this.lay();
    this.changed();
    return extentOf(found, this.live.floor);
  }

  /** The track of the chosen mover: the half hour before the moment that is shown. */
  async readTrack(): Promise<void> {
    const { id } = this;
    if (id === null) return;
    const until = this.live.past.at_ms ?? this.live.now_ms;
    const answer = await outcome(() => read<Track>(trackAddress(id, until - TRACK_MS, until)));
    if (this.id !== id) return;
    if (answer.status === "failed") this.live.twin.warn(answer.why);
    this.track = answer.status === "ready" ? raised(answer.value.geometry?.coordinates ?? [], this.live.floor) : [];
    this.lay();
  }

  /** The cameras whose cones are drawn. */
  get cones(): string[] {
    return this.drawn.map(({ camera }) => camera);
  }

  get hasTrack(): boolean {
    return this.track.length > 1;
  }

  /** Keeps the circle of accuracy around the chosen mover. */
  follow(): void {
    const mover = this.handle === null ? null : (this.live.moverOf(this.handle)?.mover ?? null);
    const ring = mover?.accuracy_m ? { lon: mover.lon, lat: mover.lat, height_m: (mover.height_m ?? this.live.floor) + ABOVE_M, radius_m: mover.accuracy_m } : null;
    const told = JSON.stringify(ring);
    if (told === this.ringed) return;
    this.ringed = told;
    this.live.twin.view?.overlay.ring(ring);
  }

  private ofContext(): string[] {
    return (this.context?.cameras ?? []).slice(0, CONES_AT_MOST).map(({ id }) => id);
  }

  private async readCones(): Promise<void> {
    const { seeing } = this;
    const site = this.live.twin.site?.code;
    if (site === undefined) return;
    for (const id of seeing) if (!this.read.has(id)) this.read.set(id, quietly(readCone(site, id)));
    const cones: (Cone | null)[] = [];
    for (const id of seeing) {
      cones.push((await this.read.get(id)) ?? null);
      if (this.seeing !== seeing) return;
      this.drawn = cones.filter((cone): cone is Cone => cone !== null);
      this.lay();
    }
    if (seeing.length === 0) this.drawn = [];
    this.lay();
    this.changed();
  }

  private lay(): void {
    const view = this.live.twin.view;
    if (!view) return;
    const laid = JSON.stringify([this.drawn.map(({ camera }) => camera), this.track.length, this.track[0], this.id, this.incident?.id, this.context === null]);
    if (laid === this.laid) return;
    this.laid = laid;
    view.overlay.show(this.drawn.map(({ triangles }) => triangles), [...this.sights(), ...this.routes(), { points: this.track, color: TRACK, width: 5 }]);
  }

  /** From each lens whose cone is drawn to the place of the incident. */
  private sights(): Line[] {
    const place = this.incident?.place;
    if (place?.lon == null || place.lat == null || this.device !== null) return [];
    const at = ecefOf(place.lon, place.lat, (place.height_m ?? this.live.floor) + 1);
    return this.drawn.map(({ lens }, index) => ({ points: [lens, at], color: seenColor(index) || SIGHT, width: 3, dashed: true }));
  }

  private routes(): Line[] {
    return (this.context?.guards ?? []).map(({ route }) => ({ points: raised(route?.coordinates ?? [], this.incident?.place?.height_m ?? this.live.floor), color: ROUTE, width: 7 }));
  }
}

function trackAddress(id: string, from_ms: number, to_ms: number): string {
  const [kind = "", ...key] = id.split("/");
  return address(`/live/tracks/${encodeURIComponent(kind)}/${encodeURIComponent(key.join("/"))}`, { datetime: `${iso(from_ms)}/${iso(to_ms)}` });
}

/** The middle of some degrees, and how far from it they reach. */
export function extentOf(coordinates: number[][], height_m: number): { middle: LonLatHeight; radius_m: number } | null {
  if (coordinates.length === 0) return null;
  const [lons, lats] = [coordinates.map(([lon = 0]) => lon), coordinates.map(([, lat = 0]) => lat)];
  const [west, east, south, north] = [Math.min(...lons), Math.max(...lons), Math.min(...lats), Math.max(...lats)];
  const middle = { lon: (west + east) / 2, lat: (south + north) / 2, height_m };
  const [wide, high] = [(east - west) * DEGREE_M * Math.cos((middle.lat * Math.PI) / 180), (north - south) * DEGREE_M];
  return { middle, radius_m: Math.max(Math.hypot(wide, high) / 2, LEAST_RADIUS_M) };
}

function raised(coordinates: number[][], otherwise: number): Vector[] {
  return coordinates.map(([lon = 0, lat = 0, height_m = otherwise]) => ecefOf(lon, lat, height_m + ABOVE_M));
}

/** A cone that cannot be had is none: the list of who sees it stands without it. */
async function quietly(cone: Promise<Cone | null>): Promise<Cone | null> {
  const answer = await outcome(() => cone);
  return answer.status === "ready" ? answer.value : null;
}
