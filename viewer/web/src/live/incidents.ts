/** Incidents as the page sees them: lists, one with its log, what surrounds it, and what a person does about it. */

import type { Words } from "../registers";
import { read, readSeen, sendIf } from "../service";
import type { LivePlace, Named } from "./states";

export const INCIDENT_STATES = ["open", "acknowledged", "closed"] as const;
export type IncidentState = (typeof INCIDENT_STATES)[number];
export const STEPS = ["acknowledge", "close", "comment"] as const;
export type Step = (typeof STEPS)[number];
/** 5 is the worst. */
export type Severity = 1 | 2 | 3 | 4 | 5;

export interface Incident {
  id: string;
  site: string;
  kind: string;
  title: Words;
  severity: Severity;
  state: IncidentState;
  since: string;
  /** The last alarm. */
  until: string | null;
  count: number;
  place: LivePlace | null;
  devices: { id: string; kind: string; name: string | null }[];
  flapping: boolean;
}

/** What an event says of a part of an incident; `notify`: people are to be told. */
export interface IncidentNews { incident: number | string; change: string; notify: boolean }

export interface LogEntry { time: string; who: string | null; what: string; why: string | null; facts?: { reason?: string } }
/** `version` is what a step is decided upon: that of the incident as it was read. */
export interface WholeIncident extends Incident { log: LogEntry[]; version: string }
/** What an incident is closed as. */
export const CLOSE_REASONS = ["real", "false_alarm", "test", "fault", "duplicate", "recovered", "permitted"] as const;
export interface IncidentPage { incidents: Incident[]; next: string | null }

export interface SeeingCamera { id: string; name: string | null; distance_m: number | null; pixels_per_metre: number | null; class: string | null }
export interface NearGuard { id: string; name: string | null; route_m: number | null; seconds: number | null; route: { type: "LineString"; coordinates: number[][] } | null }
/** What is told of a thing around; of records key and title, of what moves its address. */
export interface Around { id?: string; key?: string; name?: string | null; long_name?: string | null; title?: string | null; state?: string | null; storey?: Named; building?: Named }

export interface IncidentContext {
  room: Around | null;
  doors: Around[] | null;
  gates: Around[] | null;
  people: Around[] | null;
  vehicles: Around[] | null;
  assets: Around[] | null;
  cameras: SeeingCamera[] | null;
  guards: NearGuard[] | null;
  procedure: { title: Words | string; steps: (Words | string)[] } | null;
  /** Why a part is null. */
  unanswered?: { [part: string]: { code: string; message: string } };
}

export function readIncidents(address: string): Promise<IncidentPage> {
  return read(address);
}

export async function readIncident(id: string): Promise<WholeIncident> {
  const { document, version } = await readSeen<WholeIncident>(`/incidents/${encodeURIComponent(id)}`);
  return { ...document, id: String(document.id), version };
}

export function readContext(id: string): Promise<IncidentContext> {
  return read(`/incidents/${encodeURIComponent(id)}/context`);
}

/** Refused with 412 where the incident is no longer what it was when it was read. */
export function takeIncidentStep({ id, version }: WholeIncident, step: Step, said: { why: string; reason?: string }): Promise<unknown> {
  return sendIf(`/incidents/${encodeURIComponent(id)}/${step}`, said, version);
}

/** The worst first, and of equally bad ones the newest. */
export function worstFirst(a: Incident, b: Incident): number {
  return b.severity - a.severity || b.since.localeCompare(a.since) || a.id.localeCompare(b.id);
}
