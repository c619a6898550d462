/** Stock-takes and the differences of ledgers, cards, places and titles as the page sees them. */

import { address, type NamedRecord, type PlaceDocument, type Words } from "./registers";
import { read } from "./service";

export const OUTCOMES = ["found", "found_elsewhere", "missing", "ambiguous", "unexpected", "duplicate", "not_due", "outside"] as const;
/** What came of a code, or `duplicate`: it may be on several things, whatever else came of it. */
export type Outcome = (typeof OUTCOMES)[number];
export const STATES = ["open", "decided", "gone"] as const;
export type State = (typeof STATES)[number];

export interface StockTake {
  id: number;
  name: string;
  state: "open" | "closed";
  places: { id: number; kind: string; name: string }[];
  opened_at: string;
  opened_by: string;
  closed_at: string | null;
  closed_by: string | null;
  counts: { [name: string]: number };
}

/** Where a code should be or was read; a place that is gone or hidden has neither name nor way. */
export type CountedPlace = PlaceDocument | { id: number; name: null; path: [] };

export interface CountedCode {
  ordinal: number;
  outcome: Exclude<Outcome, "duplicate">;
  code: string;
  record: NamedRecord | null;
  due: boolean;
  expected: CountedPlace | null;
  found: CountedPlace | null;
  scan: { at: string; who: string } | null;
  findings: string[];
  moved: boolean;
}

export interface OutcomePage { numberMatched: number; outcomes: CountedCode[]; next: string | null }

interface Side { name: string; says: string; file: string | null; line: number | null }
export interface Difference {
  item: number;
  code: string;
  key: string | null;
  record: NamedRecord | null;
  message: string;
  since: string;
  closed_at: string | null;
  closed_by: string | null;
  left: Side | null;
  right: Side | null;
  /** Left − right, in fen. */
  amount: number | null;
  unit: { key: string; name: string | null } | null;
  acts: "finance" | "assets" | "unit" | null;
  remedy: Words | null;
  stocktake: number | null;
}

export interface DifferencePage { differences: Difference[]; next: string | null }
export interface DifferenceKinds { numberMatched: number; kinds: (Words & { code: string; family: Words; count: number })[] }

export function listStockTakes(): Promise<{ stocktakes: StockTake[] }> {
  return read("/stocktakes");
}

export function readStockTake(id: number): Promise<StockTake> {
  return read(`/stocktakes/${id}`);
}

export function outcomesAddress(id: number, outcome: Outcome | null, limit: number): string {
  return address(`/stocktakes/${id}/outcomes`, outcome === "duplicate" ? { duplicate: "true", limit } : { outcome, limit });
}

export function readOutcomes(path: string): Promise<OutcomePage> {
  return read(path);
}

export function readDifferences(path: string): Promise<DifferencePage> {
  return read(path);
}

export function readDifferenceKinds(state: State): Promise<DifferenceKinds> {
  return read(address("/differences/kinds", { state }));
}
