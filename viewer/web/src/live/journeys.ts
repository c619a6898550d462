/** Trips and stops of one vehicle, what its orders, its track and the gates say of them, and what it was told. */

import { address } from "../registers";
import { read, send, type Json } from "../service";
import { iso } from "./past";

export interface Where { lon: number; lat: number; place: string[] }
export interface Trip { start: string; end: string; duration_s: number; distance_m: number; unheard_s: number; speed_max_kmh: number | null; origin: Where; destination: Where; begins_open: boolean; ends_open: boolean }
export interface Stop extends Where { start: string; end: string; duration_s: number }
export interface Trips { trips: Trip[]; stops: Stop[] }
export interface OrderRow { order: string; state: string | null; driver: string | null; destination: string | null; from: string | null; until: string | null; trips: { start: string; end: string; distance_m: number }[] }
export interface JourneyFinding { code: string; order: string | null; from: string | null; until: string | null; facts: { [name: string]: Json } }
export interface VehicleCheck { vehicle: string; orders: OrderRow[]; passages: { at: string; gate: string; direction: string | null }[]; findings: JourneyFinding[] }
export interface CommandRow { event: number; at: string; who: string | null; message: string; said: { [name: string]: Json } | null; outcome: "answered" | "unanswered" | "sent"; answered: string | null; result: number | null; code: string | null; zh: string | null; en: string | null }
export interface Done { result: number; zh: string; en: string; event: number }

export function readTrips(key: string, from_ms: number, to_ms: number): Promise<Trips> {
  return read(address(`/live/trips/vehicle/${encodeURIComponent(key)}`, { datetime: `${iso(from_ms)}/${iso(to_ms)}` }));
}

/** Null where the vehicle is none that the check is for. */
export async function readCheck(key: string, from_ms: number, to_ms: number): Promise<VehicleCheck | null> {
  const { vehicles } = await read<{ vehicles: VehicleCheck[] }>(address("/live/orders", { datetime: `${iso(from_ms)}/${iso(to_ms)}`, vehicle: key }));
  return vehicles[0] ?? null;
}

const COMMANDS_SHOWN = 30;

export async function readCommands(key: string): Promise<CommandRow[]> {
  return (await read<{ commands: CommandRow[] }>(address(`/live/vehicles/${encodeURIComponent(key)}/commands`, { limit: COMMANDS_SHOWN }))).commands;
}

export type Command = { what: "text"; text: string } | { what: "track"; interval_s: number; for_s: number } | { what: "confirm"; alarms: string[] };

export function sendCommand(key: string, { what, ...said }: Command): Promise<Done> {
  return send(`/live/vehicles/${encodeURIComponent(key)}/${what}`, said);
}

/** What 0x8203 confirms, JT/T 808-2019 table 39. */
export const CONFIRMABLE = ["sos", "danger_warning", "area", "route", "segment_time", "illegal_ignition", "illegal_move"] as const;
