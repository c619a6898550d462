/** How a device that stands is drawn: by its state and its alarms, and in alarm where an incident that runs names it. */

import type { Standing, Tone } from "../scene/devices";
import { ecefOf } from "./motion";
import type { Post } from "./posts";
import type { DeviceState } from "./states";

const ALARM = new Set(["alarm", "intrusion", "forced", "held", "fire", "panic", "tamper"]);
const FAULT = new Set(["fault", "offline", "silent", "lost", "broken"]);
const MASKED = new Set(["masked", "bypassed", "disarmed"]);
/** What `/live` frames show where it is. */
const MOVES = new Set(["vehicle", "guard", "person"]);

export function toneOf({ state, alarms, silent_since }: Pick<DeviceState, "state" | "alarms" | "silent_since">): Tone {
  if (silent_since != null || FAULT.has(state ?? "")) return "fault";
  if (MASKED.has(state ?? "")) return "masked";
  return ALARM.has(state ?? "") || (alarms ?? []).length > 0 ? "alarm" : "normal";
}

export interface Shown {
  states: ReadonlyMap<string, DeviceState>;
  posts: ReadonlyMap<string, Post>;
  /** Devices that an incident names which runs at the moment that is shown. */
  alarmed: ReadonlySet<string>;
  past: boolean;
  /** The height of what says none, metres. */
  floor: number;
  /** Whether one sees into where something inside stands. */
  opens: (post: { lon: number; lat: number; height_m: number }) => boolean;
}

/**
 * Of the past only incidents are known: there a device is in alarm where one named it, else it stands without a state.
 * What stands inside is drawn where its storey lies open, or where it is in alarm.
 */
export function* standings({ states, posts, alarmed, past, floor, opens }: Shown): Generator<Standing> {
  for (const post of posts.values()) {
    const state = states.get(post.id) ?? null;
    const tone = alarmed.has(post.id) ? "alarm" : past || state === null ? "normal" : toneOf(state);
    if (post.inside && tone !== "alarm" && !opens(post)) continue;
    yield { id: post.id, kind: post.kind, state: past ? null : (state?.state ?? null), tone, place: ecefOf(post.lon, post.lat, post.height_m), line: post.line, label: past || state === null || post.kind !== "gate" ? "" : passages(state) };
  }
  for (const state of states.values()) {
    if (posts.has(state.id) || MOVES.has(state.kind) || state.lon == null || state.lat == null) continue;
    const tone = alarmed.has(state.id) ? "alarm" : past ? "normal" : toneOf(state);
    yield { id: state.id, kind: state.kind, state: past ? null : state.state, tone, place: ecefOf(state.lon, state.lat, state.height_m ?? floor), line: null, label: "" };
  }
}

/** In and out of a gate today: `↓12 ↑9`. */
function passages({ in: entered, out: left }: DeviceState): string {
  return entered === undefined || left === undefined ? "" : `↓${entered} ↑${left}`;
}
