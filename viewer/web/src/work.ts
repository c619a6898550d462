/** Imports of ledgers, the work list of the tie, moves and the life of an asset as the page sees them. */

import { address, type NamedRecord, type PlaceDocument, type Words } from "./registers";
import type { CountedPlace, State } from "./stock";
import { readTagged, read, send, sendIf, type Json } from "./service";

export interface ImportDocument {
  id: number;
  revision: string;
  kind: string;
  source: string;
  file: string;
  as_of: string;
  who: string;
  recorded_at: string;
  current: boolean;
  counts: Record<"rows" | "new" | "changed" | "unchanged" | "quarantined" | "vanished", number>;
  issues: { [code: string]: number };
  notes: { code: string; message: string }[];
}

export interface ImportFinding {
  line: number | null;
  code: string;
  message: string;
  put_aside: boolean;
  cells: { [header: string]: Json } | Json[] | null;
  record: { kind: string; key: string | null } | null;
  column: string | null;
  value: Json;
  severity: string;
}

export interface ImportPage { imports: ImportDocument[]; next: string | null }
export interface FindingsPage { import: ImportDocument; findings: ImportFinding[]; next: string | null }
export interface VanishedPage { import: ImportDocument; records: { kind: string; key: string | null }[]; next: string | null }

export const FAMILIES = ["unmatched", "ambiguous", "contradiction", "lost", "position"] as const;
export type Family = (typeof FAMILIES)[number];

export interface SideRecord extends NamedRecord {
  ended: string | null;
  values: { name: string; zh: string; en: string; unit: string | null; value: Json; words: Words | null }[];
  place: PlaceDocument | null;
}

export interface SideFeature {
  site: string;
  id: string;
  kind: string;
  class: string;
  name: string | null;
  long_name: string | null;
  area_m2: number | null;
  storey: string | null;
  /** Whether the model still has it. */
  stands: boolean;
  above: string[];
}

export interface SideLink { feature_id: string; method: string; confidence: number; evidence: string; state: string; who: string; since: string; until: string | null }

export interface WorkItem {
  item: number;
  code: string;
  family: Family;
  state: State;
  message: string;
  since: string;
  closed_at: string | null;
  closed_by: string | null;
  facts: { [name: string]: Json };
  records: SideRecord[];
  features: SideFeature[];
  links: SideLink[];
  requests: { id: number; state: string; applicant: string; choice: string | null }[];
}

export interface WorkPage { items: WorkItem[]; next: string | null }
export interface WorkKinds { numberMatched: number; kinds: (Words & { code: string; family: Words & { name: Family }; count: number })[] }

export interface FoundElsewhere {
  item: number;
  since: string;
  key: string | null;
  record: NamedRecord | null;
  stocktake: number | null;
  expected: CountedPlace | null;
  found: CountedPlace | null;
  unit: string | null;
  move: { building: string; room: string | null } | null;
  requests: { id: number; kind: string; state: string; applicant: string }[];
}

export interface LifeStep extends Words {
  to: string;
  to_words: Words | null;
  by: string;
  needs: string[];
  request: string | null;
  how: "direct" | "request" | "refused";
  code: string | null;
}

export interface AssetSteps {
  key: string;
  state: string | null;
  words: Words | null;
  steps: LifeStep[];
  unreached: { to: string; to_words: Words | null; code: string | null; through: { code: string; words: Words | null }[] }[];
  requests: { id: number; kind: string; state: string; applicant: string; unit: string | null }[];
}

export function readImports(path: string): Promise<ImportPage> {
  return read(path);
}

export function readFindings(path: string): Promise<FindingsPage> {
  return read(path);
}

export function readVanished(path: string): Promise<VanishedPage> {
  return read(path);
}

export function readWork(path: string): Promise<WorkPage> {
  return read(path);
}

export function readWorkKinds(state: State): Promise<WorkKinds> {
  return read(address("/work-items/kinds", { state }));
}

export function settleWork(item: number, note: string): Promise<WorkItem> {
  return send(`/work-items/${item}/decision`, { note });
}

export function readFoundElsewhere(path: string): Promise<{ assets: FoundElsewhere[]; next: string | null }> {
  return read(path);
}

export function readAssetSteps(key: string): Promise<AssetSteps> {
  return read(`/assets/${encodeURIComponent(key)}/steps`);
}

/** A step without a decision, on the card as it is now. */
export async function takeAssetStep(key: string, to: string, facts: { [name: string]: Json }): Promise<unknown> {
  const asset = `/assets/${encodeURIComponent(key)}`;
  const version = await readTagged(asset);
  return sendIf(`${asset}/steps`, { to, facts }, version);
}
