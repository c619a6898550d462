/** Who is inside, who passed a gate, who is announced; and who is missing when all have to leave. */

import { address } from "../registers";
import { read, type Json } from "../service";
import { passageOf, type Passage, type Subject } from "./passage";
import type { Visit } from "./visits";

/** The record behind a plate or a card; null where the registers have none, or not for who asks. */
export type Who = { kind: "vehicle" | "person" | "visit"; key: string; name: string | null } | null;
export interface InsideRow { key: string; since: string | null; through: string; seen: string | null; seen_at: string; who: Who }
export interface InsidePage { at: string; numberMatched: number; inside: InsideRow[]; next: string | null }
export interface Missing { person: string; since: string; through: string; last_place: string | null; last_seen: string | null; who: Who }
export interface Safe { person: string; point: string; at: string; who: Who }
export interface Muster { building: string | null; since: string; points: string[]; inside: number; safe: number; missing: number; safe_people: Safe[] | null; missing_people: Missing[] | null }

/** Of an inside list as much as this is shown; the number of all is told beside it. */
export const INSIDE_AT_MOST = 1000;
const VISITS_AT_MOST = 500;

export function readInside(site: string, kind: Subject): Promise<InsidePage> {
  return read(address("/live/inside", { site, kind, limit: INSIDE_AT_MOST }));
}

interface Observations { value: { phenomenonTime: string; result: { [name: string]: Json } }[] }

/** The latest passages of a gate, the newest first. */
export async function readPassages(gate: string, count: number): Promise<Passage[]> {
  const stream = encodeURIComponent(`gate:${gate}:passage`.replaceAll("'", "''"));
  const { value } = await read<Observations>(address(`/sta/v1.1/Datastreams('${stream}')/Observations`, { $orderby: "phenomenonTime desc", $top: count }));
  return value.map(({ phenomenonTime, result }) => passageOf(phenomenonTime, result));
}

interface VisitPage { numberMatched: number; records: { key: string; values: Omit<Visit, "key"> }[] }

export async function readVisits(): Promise<{ visits: Visit[]; matched: number }> {
  const { numberMatched, records } = await read<VisitPage>(address("/visits", { state: "announced", limit: VISITS_AT_MOST }));
  return { visits: records.map(({ key, values }) => ({ ...values, key })), matched: numberMatched };
}

export function readMuster(site: string, since: string, building: string | null): Promise<Muster> {
  return read(address(`/sites/${encodeURIComponent(site)}/muster`, { since, building }));
}
