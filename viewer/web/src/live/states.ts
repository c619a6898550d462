/** What stands still and has a state: cameras, gates, doors, segments of the perimeter, fire points, meters, guards' posts. */

import { address } from "../registers";
import { read, type Json } from "../service";

const PAGE = 1000;

export interface LivePlace { lon?: number | null; lat?: number | null; height_m?: number | null; site_xyz?: [number, number, number] | null; room?: Named; storey?: Named; building?: Named; zone?: Named; segment?: Named }
/** A place by its id, or by its id and name. */
export type Named = string | { id: string; name?: string | null } | null;

export interface DeviceState {
  /** `gate/G-1`: kind and key of its record. */
  id: string;
  kind: string;
  key: string;
  name?: string | null;
  /** What it last said of itself. */
  state: string | null;
  since: string | null;
  silent_s: number | null;
  /** Its last word, where its silence is an alarm. */
  silent_since?: string | null;
  /** Codes of what it reports now. */
  alarms?: string[];
  /** Passages of today. */
  in?: number;
  out?: number;
  lon?: number | null;
  lat?: number | null;
  height_m?: number | null;
  value?: { [name: string]: Json } | null;
}

/** `next` is the id that the page ended with, where there is more. */
export interface StatesPage { at: string; states: DeviceState[]; next: string | null }

/** All pages of the states that one may know of. */
export async function* readStates(): AsyncGenerator<DeviceState[]> {
  let after: string | null = null;
  do {
    const page: StatesPage = await read(address("/live/states", { after, limit: PAGE }));
    yield page.states;
    after = page.next;
  } while (after !== null);
}

/** The id of a place, however it is told. */
export function idOf(named: Named | undefined): string | null {
  return named === null || named === undefined ? null : typeof named === "string" ? named : named.id;
}
