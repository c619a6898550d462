/** The registers as the page sees them: records, dossiers, inventories, requests, and where to ask for them. */

import { read, send, sendFile, type Json, type Kind } from "./service";

export interface Words { zh: string; en: string }
export type RecordKindName = "room" | "person" | "unit" | "vehicle" | "building" | "asset" | (string & {});
export interface RecordName { kind: RecordKindName; key: string }

export interface NamedRecord extends RecordName { title: string }

/** `record`, in dossiers: the room or building of the registers that a step is. */
export interface PlaceStep { id: number; kind: string; name: string; feature: string | null; record?: NamedRecord | null }
export interface PlaceDocument extends PlaceStep {
  number: string | null;
  path: PlaceStep[];
  /** Of an asset: how its place was found, and where it stands in the site's frame, metres. */
  method?: string | null;
  site_xyz?: [number, number, number] | null;
}

export interface Session {
  name: string;
  role: string;
  role_name: Partial<Words>;
  actions: string[];
  sites: string[];
  units: string[];
  labels: string[];
  ends: boolean;
}

export interface CodeDocument extends Words { code: string }
export interface ColumnDocument { name: string; zh: string; en: string; type: string; unit: string | null }
export interface KindDocument { name: string; plural: string; zh: string; en: string; href: string; columns: ColumnDocument[] }
export interface Source { file?: string; sha256?: string; line?: number | null; revision?: string; said?: string }

export interface FieldDocument extends ColumnDocument {
  value: Json;
  words: Words | null;
  source: Source | null;
  method: string | null;
  who: string | null;
  valid_from: string | null;
  recorded_at: string | null;
  corrected: boolean;
  request: number | null;
  /** The unit, person, room or building that the value names. */
  record: NamedRecord | null;
}

export interface ChangeDocument {
  field: string;
  old: Json;
  new: Json;
  source: Source;
  method: string;
  who: string;
  valid_from: string | null;
  recorded_at: string;
  change: number;
  request: number | null;
  reverts: number | null;
  reverted_by: number | null;
}

export interface FindingDocument { code: string; field: string | null; value: Json; message: string; severity: string; source: Source }

export interface LinkDocument {
  site: string;
  feature_id: string;
  method: string;
  confidence: number;
  evidence: string;
  state: string;
  who: string;
  since: string;
  until: string | null;
}

export interface RequestDocument {
  id: number;
  kind: string;
  state: string;
  applicant: string;
  unit: string | null;
  payload: { [name: string]: Json };
  opened_at: string;
  closed_at: string | null;
  steps: { to: string; who: string; at: string; note: string }[];
  next?: NextStep[];
}

/** `allowed`: whether it is the reader's to take; `refused` says why not. */
export interface NextStep extends Words { to: string; by: string; needs: string[]; allowed?: boolean; refused?: string | null }

export interface Dossier extends RecordName {
  id: number;
  href: string;
  as_of: string;
  known_at: string;
  ended: string | null;
  fields: FieldDocument[];
  withheld: string[];
  extra: { [name: string]: Json };
  changes: ChangeDocument[];
  findings: FindingDocument[];
  place: PlaceDocument | null;
  links: LinkDocument[];
  requests: RequestDocument[];
}

export interface RecordDocument extends RecordName {
  id: number;
  href: string;
  values: { [name: string]: Json };
  words: { [name: string]: Words };
  place: PlaceDocument | null;
}

export interface RecordPage {
  numberMatched: number;
  numberMatchedIs?: "exact" | "at_least";
  numberReturned: number;
  records: RecordDocument[];
  next: string | null;
}

export interface Sum { count: number; value?: number; value_words?: Words }
export interface InventoryDocument {
  place: PlaceStep | null;
  unit: { key: string; name: string } | null;
  own: Sum;
  children: (Sum & { id?: number; kind?: string; key?: string; name: string; number?: string | null; feature?: string | null })[];
  unplaced: Sum;
  total: Sum;
  by_class: (Sum & { class: { edition: string | null; code: string | null; zh: string | null; en: string | null } })[];
  by_unit: (Sum & { unit: { key: string | null; name: string | null } })[];
  by_state: (Sum & { state: { code: string | null; zh: string | null; en: string | null } })[];
  by_age: (Sum & { age: { years_from: number | null; years_below: number | null } })[];
}

export interface Found { id: number; key: string; href: string; title: string; matched: { [name: string]: Json }; place: PlaceDocument | null }
export interface SearchAnswer { q: string; groups: ({ kind: RecordKindName; records: Found[]; more: boolean } & Words)[] }
export interface FeatureRecords {
  place: PlaceDocument | null;
  records: (RecordName & { href: string; title: string; method: string | null; confidence: number | null; evidence: string | null; state: string | null })[];
}

export type Query = Record<string, string | number | readonly string[] | null | undefined>;

export function readSession(): Promise<Session> {
  return read("/session");
}

export function endSession(): Promise<null> {
  return send("/session", null, "DELETE");
}

export function readKinds(): Promise<{ kinds: KindDocument[] }> {
  return read("/records");
}

export function readCodes(): Promise<{ codes: CodeDocument[] }> {
  return read("/codes");
}

export function readDossier(kind: KindDocument, key: string, at: { as_of: string | null; known_at: string | null }): Promise<Dossier> {
  return read(address(`${kind.href}/${encodeURIComponent(key)}/dossier`, at));
}

export function readFeatureRecords(site: string, feature: string): Promise<FeatureRecords> {
  return read(`/sites/${encodeURIComponent(site)}/features/${encodeURIComponent(feature)}/records`);
}

export function readInventory(of: { place?: number; unit?: string }): Promise<InventoryDocument> {
  return read(address("/inventory", of));
}

export function readRecords(path: string, query: Query): Promise<RecordPage> {
  return read(address(path, query));
}

export function search(q: string, limit: number): Promise<SearchAnswer> {
  return read(address("/search", { q, limit }));
}

export function readRequests(path: string): Promise<{ requests: RequestDocument[]; next: string | null }> {
  return read(path);
}

export function readRequest(id: number): Promise<RequestDocument> {
  return read(`/requests/${id}`);
}

export function fileRequest(kind: string, payload: { [name: string]: Json }): Promise<RequestDocument> {
  return send("/requests", { kind, payload });
}

/** A file that proves what a request says; the service looks at its bytes and says what it takes. */
export function attachEvidence(id: number, file: File): Promise<RequestDocument> {
  return sendFile(`/requests/${id}/evidence`, file);
}

export interface EvidenceFile { sha256: string; name: string; bytes: number; who: string; at: string }

/** The files of a request, none where it has none or they are not for this reader. */
export function evidenceOf({ payload }: RequestDocument): EvidenceFile[] {
  const files = payload["files"];
  return Array.isArray(files) ? (files as unknown as EvidenceFile[]) : [];
}

export function takeStep(id: number, to: string, facts: { [name: string]: Json }): Promise<RequestDocument> {
  return send(`/requests/${id}/steps`, { to, facts });
}

export function revertRequest(id: number, reason: string): Promise<RequestDocument> {
  return send(`/requests/${id}/revert`, { reason });
}

/** A path with those parameters that say something; a list is said once for each. */
export function address(path: string, query: Query): string {
  const values = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? (value as string[]) : [value]) if (one !== null && one !== undefined && one !== "") values.append(name, String(one));
  }
  const text = values.toString();
  return text ? `${path}${path.includes("?") ? "&" : "?"}${text}` : path;
}

/** Whether something that stands at a place stands for a kind of feature that can be looked at. */
export function drawn(place: PlaceDocument | null): { feature: string; kind: Kind } | null {
  const kinds: Record<string, Kind> = { site: "site", building: "building", storey: "storey", room: "space", space: "space" };
  const step = [...(place?.path ?? [])].reverse().find(({ feature }) => feature !== null);
  return step?.feature ? { feature: step.feature, kind: kinds[step.kind] ?? "element" } : null;
}
