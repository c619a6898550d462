/** Which features show, and in what tint: pure rules over what the property table says of a feature. */

import { TONES, type Tone, type Verdict } from "../planner";
import type { Kind } from "../service";

export interface Facts {
  id: string;
  kind: Kind | "";
  className: string;
  longName: string;
  storey: string;
  z_min: number;
}

/** How one tileset shows; `cut` is the storey that lies open and the site-frame height of the cut. */
export interface Look {
  cut: { storey: string; z: number } | null;
  furniture: boolean;
  spaces: boolean;
  selected: string | null;
  /** Feature → verdict: rooms then show what is said of them instead of their use. */
  verdicts: ReadonlyMap<string, Verdict> | null;
}

export type Tint = readonly [red: number, green: number, blue: number, alpha: number];

const FURNITURE = new Set(["IfcFurniture", "IfcFurnishingElement", "IfcSystemFurnitureElement"]);
const PLAIN: Tint = [1, 1, 1, 1];
const SELECTED: Tint = [1, 0.74, 0.2, 1];
/** A room's alpha is what tells it from an element in the shader of an open storey. */
const ROOM_ALPHA = 250 / 255;
const SELECTED_ROOM: Tint = [1, 0.66, 0.1, ROOM_ALPHA];
const ROOM_TINTS: readonly Tint[] = [
  [0.56, 0.79, 0.98, ROOM_ALPHA],
  [0.65, 0.88, 0.66, ROOM_ALPHA],
  [1, 0.84, 0.55, ROOM_ALPHA],
  [0.86, 0.74, 0.96, ROOM_ALPHA],
  [0.98, 0.71, 0.68, ROOM_ALPHA],
  [0.6, 0.9, 0.87, ROOM_ALPHA],
  [0.9, 0.88, 0.6, ROOM_ALPHA],
];
/** Apart in hue and in lightness, so that they differ to every eye; the labels say the same in words. */
const TONE_TINTS: Record<Tone, Tint> = {
  bad: [0.86, 0.3, 0.24, ROOM_ALPHA],
  warn: [0.96, 0.68, 0.22, ROOM_ALPHA],
  cool: [0.42, 0.66, 0.95, ROOM_ALPHA],
  good: [0.56, 0.83, 0.58, ROOM_ALPHA],
  none: [0.86, 0.87, 0.88, ROOM_ALPHA],
};

/** A feature above the cut is hidden; rooms show only on the storey that lies open; the selected feature always shows below a cut. */
export function shows(facts: Facts, look: Look): boolean {
  if (look.cut !== null && facts.z_min >= look.cut.z - 1e-3) return false;
  if (facts.kind === "space") {
    if (facts.id === look.selected) return true;
    return look.spaces && look.cut !== null && facts.storey === look.cut.storey;
  }
  return look.furniture || !FURNITURE.has(facts.className);
}

/** What a feature's own colour is multiplied by. */
export function tintOf(facts: Facts, look: Look): Tint {
  if (facts.id === look.selected) return facts.kind === "space" ? SELECTED_ROOM : SELECTED;
  if (facts.kind !== "space") return PLAIN;
  return look.verdicts === null ? roomTint(facts.longName) : TONE_TINTS[TONES[look.verdicts.get(facts.id) ?? "not_an_office"]];
}

/** Rooms of one use share a tint: the name without its numbers decides. */
export function roomTint(name: string): Tint {
  let hash = 0;
  for (const letter of name.replace(/[\d\s#-]+/g, "")) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) >>> 0;
  return ROOM_TINTS[hash % ROOM_TINTS.length] ?? PLAIN;
}
