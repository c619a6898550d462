/** What stands still and has a state: cameras, gates, doors, segments of the perimeter, fire points, meters, guards' posts. */

import { read, type Json } from "../service";

export interface LivePlace { lon?: number | null; lat?: number | null; height_m?: number | null; site_xyz?: [number, number, number] | null; room?: Named; storey?: Named; building?: Named; zone?: Named; segment?: Named }
/** A place by its id, or by its id and name. */
export type Named = string | { id: string; name?: string | null } | null;

export interface DeviceState {
  /** `gate/G-1`. */
  id: string;
  kind: string;
  key: string;
  name: string | null;
  state: string | null;
  since: string | null;
  silent_s: number | null;
  lon: number | null;
  lat: number | null;
  height_m: number | null;
  place?: LivePlace | null;
  value?: { [name: string]: Json } | null;
}

export interface StatesPage { at: string; states: DeviceState[]; next: string | null }

export function readStates(address: string): Promise<StatesPage> {
  return read(address);
}
