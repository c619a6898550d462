/**
 * Where everything that moves is drawn between two frames: a pure reckoning in columns, one slot a handle.
 * From where it was drawn it glides to its newest fix, and from there on along its heading for as long as EXTRAPOLATED_MS after the fix;
 * then it waits for the next. What is silent, doubted or has no speed stands at its fix. Nothing here knows a clock: `now_ms` is given.
 */

import { BIT, HEIGHT_UNKNOWN, UNKNOWN, type Frame } from "./frame";

export const EXTRAPOLATED_MS = 1000;
/** A fix that comes this late says nothing of where it is going now. */
const OLD_MS = 10_000;
const GLIDE_MS = { least: 200, most: 1000 };
/** Further than this it did not drive but was somewhere else: it is there at once. */
const LEAP_M = 300;
const A_M = 6_378_137;
const E2 = 6.694379990141316e-3;
const RAD = Math.PI / 180;

export interface Mover {
  handle: number;
  lon: number;
  lat: number;
  /** Ellipsoidal; null where it was not told. */
  height_m: number | null;
  heading_deg: number | null;
  speed_kmh: number | null;
  accuracy_m: number | null;
  bits: number;
  /** Of the fix, milliseconds of UTC by the service's clock. */
  fix_ms: number;
}

interface Slot extends Mover {
  /** EPSG:4978 metres: where it was drawn when its last fix came, its fix, and how far it goes from there in a second. */
  from: Vector;
  fix: Vector;
  velocity: Vector;
  /** Unit, EPSG:4978: where it heads, or null. */
  towards: Vector | null;
  came_ms: number;
  glide_ms: number;
}
export type Vector = [number, number, number];

/** `floor`: the ellipsoidal height at which something is drawn that told none. */
export class Motion {
  private readonly slots = new Map<number, Slot>();
  number = -1;

  constructor(private readonly floor: () => number = () => 0) {}

  get size(): number {
    return this.slots.size;
  }

  clear(): void {
    this.slots.clear();
    this.number = -1;
  }

  /** Takes a frame in; `now_ms` by the service's clock. Answers the handles that are gone by it. */
  apply(frame: Frame, now_ms: number): number[] {
    const gone = new Set<number>(frame.gone);
    if (frame.full) {
      const named = new Set(frame.handle);
      for (const handle of this.slots.keys()) if (!named.has(handle)) gone.add(handle);
    }
    for (let row = 0; row < frame.handle.length; row += 1) this.put(moverOf(frame, row), now_ms);
    for (const handle of gone) this.slots.delete(handle);
    this.number = frame.number;
    return [...gone];
  }

  put(mover: Mover, now_ms: number): void {
    const before = this.slots.get(mover.handle);
    if (before && before.fix_ms === mover.fix_ms && before.lon === mover.lon && before.lat === mover.lat) {
      Object.assign(before, mover);
      return;
    }
    const fix = ecefOf(mover.lon, mover.lat, mover.height_m ?? this.floor());
    const towards = mover.heading_deg === null ? null : directionOf(mover.lon, mover.lat, mover.heading_deg);
    const goes = towards !== null && mover.speed_kmh !== null && now_ms - mover.fix_ms < OLD_MS && (mover.bits & BIT.moving) !== 0 && (mover.bits & (BIT.silent | BIT.doubted | BIT.no_fix)) === 0;
    const pace = goes ? mover.speed_kmh! / 3.6 : 0;
    const drawn = before ? placeOf(before, now_ms) : fix;
    const leaps = distance(drawn, fix) > LEAP_M;
    this.slots.set(mover.handle, {
      ...mover,
      from: leaps ? fix : drawn,
      fix,
      velocity: towards === null ? [0, 0, 0] : [towards[0] * pace, towards[1] * pace, towards[2] * pace],
      towards: towards ?? before?.towards ?? null,
      came_ms: now_ms,
      glide_ms: before ? Math.min(Math.max(mover.fix_ms - before.fix_ms, GLIDE_MS.least), GLIDE_MS.most) : 0,
    });
  }

  get(handle: number): Mover | null {
    return this.slots.get(handle) ?? null;
  }

  movers(): Iterable<Mover> {
    return this.slots.values();
  }

  /** Where a mover is drawn at a moment, EPSG:4978 metres; null where there is none of that handle. */
  placeOf(handle: number, now_ms: number): Vector | null {
    const slot = this.slots.get(handle);
    return slot ? placeOf(slot, now_ms) : null;
  }

  /** Every mover with where it is drawn and heads, and whether it is on its way and so will be elsewhere in the next picture. */
  *drawn(now_ms: number): Generator<[mover: Mover, place: Vector, towards: Vector | null, onItsWay: boolean]> {
    for (const slot of this.slots.values()) {
      const onItsWay = now_ms - slot.came_ms < slot.glide_ms + 50 || (slot.velocity.some((one) => one !== 0) && now_ms - slot.fix_ms < EXTRAPOLATED_MS + 50);
      yield [slot, placeOf(slot, now_ms), slot.towards, onItsWay];
    }
  }
}

/** One row of a frame as numbers with their units; null where it says unknown. */
export function moverOf(frame: Frame, row: number): Mover {
  const told = (column: Uint16Array, unit: number): number | null => (column[row] === UNKNOWN ? null : column[row]! / unit);
  return {
    handle: frame.handle[row]!,
    lon: frame.lon_e7[row]! / 1e7,
    lat: frame.lat_e7[row]! / 1e7,
    height_m: frame.height_cm[row] === HEIGHT_UNKNOWN ? null : frame.height_cm[row]! / 100,
    heading_deg: told(frame.heading_cdeg, 100),
    speed_kmh: told(frame.speed_dkmh, 10),
    accuracy_m: told(frame.accuracy_dm, 10),
    bits: frame.bits[row]!,
    fix_ms: frame.tick_ms - frame.age_ms[row]!,
  };
}

/** WGS84 degrees and ellipsoidal metres to EPSG:4978. */
export function ecefOf(lon: number, lat: number, height_m: number): Vector {
  const [sinLat, cosLat, sinLon, cosLon] = [Math.sin(lat * RAD), Math.cos(lat * RAD), Math.sin(lon * RAD), Math.cos(lon * RAD)];
  const normal = A_M / Math.sqrt(1 - E2 * sinLat * sinLat);
  return [(normal + height_m) * cosLat * cosLon, (normal + height_m) * cosLat * sinLon, (normal * (1 - E2) + height_m) * sinLat];
}

/** Unit vector along a heading, clockwise from north, in the plane of the horizon. */
export function directionOf(lon: number, lat: number, heading_deg: number): Vector {
  const [sinLat, cosLat, sinLon, cosLon] = [Math.sin(lat * RAD), Math.cos(lat * RAD), Math.sin(lon * RAD), Math.cos(lon * RAD)];
  const [east, north] = [Math.sin(heading_deg * RAD), Math.cos(heading_deg * RAD)];
  return [-sinLon * east - sinLat * cosLon * north, cosLon * east - sinLat * sinLon * north, cosLat * north];
}

function placeOf(slot: Slot, now_ms: number): Vector {
  const ahead_s = Math.min(Math.max(now_ms - slot.fix_ms, 0), EXTRAPOLATED_MS) / 1000;
  const share = slot.glide_ms === 0 ? 1 : Math.min(Math.max((now_ms - slot.came_ms) / slot.glide_ms, 0), 1);
  const along = (axis: 0 | 1 | 2): number => {
    const target = slot.fix[axis] + slot.velocity[axis] * ahead_s;
    return slot.from[axis] + (target - slot.from[axis]) * share;
  };
  return [along(0), along(1), along(2)];
}

function distance(a: Vector, b: Vector): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}
