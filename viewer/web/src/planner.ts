/** Office space as the planner sees it: judged rooms, a unit's area against its posts, a move that is only proposed, energy. */

import { read, send } from "./service";
import { address, type PlaceDocument, type Query, type Words } from "./registers";

export const VERDICTS = [
  "over",
  "second_office_ungrounded",
  "crowded",
  "under_used",
  "vacant",
  "within",
  "area_unknown",
  "limit_unknown",
  "people_unknown",
  "use_unknown",
  "out_of_use",
  "not_an_office",
] as const;
export type Verdict = (typeof VERDICTS)[number];
/** Verdicts that look and count alike on the page. */
export const TONES = { over: "bad", second_office_ungrounded: "bad", crowded: "warn", under_used: "cool", vacant: "cool", within: "good", area_unknown: "none", limit_unknown: "none", people_unknown: "none", use_unknown: "none", out_of_use: "none", not_an_office: "none" } as const satisfies Record<Verdict, string>;
export type Tone = (typeof TONES)[Verdict];

export interface UnitName { key: string | null; name: string | null; known: boolean }
type Coded = (Words & { code: string }) | null;

export interface Sitter {
  person: { key: string; name: string } | null;
  rank: Coded;
  unit: UnitName | null;
  in_post: boolean;
  second_office: boolean;
}

export interface JudgedRoom {
  id: number;
  key: string;
  number: string | null;
  name: string | null;
  use: Coded;
  place: PlaceDocument | null;
  spaces: { feature: string; area_m2: number | null }[];
  area: { measured_m2: number | null; declared_m2: number | null; model_m2: number | null };
  allocated_to: UnitName | null;
  used_by: UnitName | null;
  used_otherwise: boolean;
  people_count: number;
  people: Sitter[];
  verdict: Words & { code: Verdict; rule: string | null; area_m2: number | null; area_from: string | null; allowed_m2: number | null; excess_m2: number | null };
  contradictions: { id: number; code: string; message: string }[];
}

export interface OccupancyTotals {
  rooms: number;
  placed: number;
  unplaced: number;
  area_m2: number;
  measured_m2: number;
  declared_m2: number;
  people: number;
  allowed_m2: number;
  over_m2: number;
  used_otherwise: number;
  by_verdict: Partial<Record<Verdict, number>>;
}

export interface OccupancyPage {
  as_of: string;
  standards: string[];
  totals: OccupancyTotals;
  numberMatched: number;
  rooms: JudgedRoom[];
  next: string | null;
}

export function readOccupancy(query: Query, path = "/occupancy"): Promise<OccupancyPage> {
  return read(address(path, query));
}

export interface OccupancyGroups { by: string; totals: OccupancyTotals; groups: { group: { id: string | number | null; name: string | null }; totals: OccupancyTotals }[] }

export function readOccupancyTotals(query: Query): Promise<OccupancyGroups> {
  return read(address("/occupancy/totals", query));
}

export interface PlannerFinding { code: string; kind: string; key: string | null; column: string | null; message: string }
export interface FindingPage { counts: Record<string, number>; numberMatched: number; findings: PlannerFinding[]; next: string | null }

export function readSpaceFindings(path: string): Promise<FindingPage> {
  return read(path);
}

interface Sum { rooms: number; area_m2: number }
export interface Entitlement extends Words {
  unit: UnitName;
  level: Coded;
  verdict: "over" | "within" | "limit_unknown";
  approved_m2: number | null;
  held_m2: number;
  excess_m2: number | null;
  outside_m2: number;
  posts: { rank: Coded; posts: number; people: number; limit_m2: number | null; rule: string | null; area_m2: number | null }[];
  uses: { use: Coded; approved_m2: number | null; held_m2: number; excess_m2: number | null; rooms: number; counted: boolean }[];
  allocated: Sum;
  used: Sum;
  allocated_used_by_others: Sum;
  used_not_allocated: Sum;
  people: number;
  findings: { code: string; message: string }[];
  below: UnitName[];
}

export function readEntitlement(unit: string): Promise<Entitlement> {
  return read(`/units/${encodeURIComponent(unit)}/entitlement`);
}

interface Mover { person: { key: string; name: string } | null; rank: Coded; department: string | null; from_room: string | null }
export interface Proposal extends Words {
  fits: boolean;
  people: number;
  seated: number;
  rooms_used: number;
  rooms_free: number;
  area_used_m2: number;
  area_allowed_m2: number;
  rooms: { room: string; number: string | null; storey: string | null; people: Mover[]; verdict: JudgedRoom["verdict"] }[];
  left_over: (Mover & Words)[];
  left_empty: { rooms: string[]; area_m2: number; other_rooms_of_unit: number };
  left_out: { room: string; reason: string }[];
}

/** What if a unit moved to a place of the tree; nothing is written. */
export function proposeMove(unit: string, building: number): Promise<Proposal> {
  return send("/what-if/move", { unit, building });
}

export function isVerdict(text: string): text is Verdict {
  return (VERDICTS as readonly string[]).includes(text);
}
