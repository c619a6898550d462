/** Announced visits, as a gate needs them. */

export interface Visit { key: string; plate: string | null; person: string | null; card: string | null; starts: string | null; ends: string | null; gate: string | null; unit: string | null; state: string | null }

export const DUE = ["due", "later", "over"] as const;
export type Due = (typeof DUE)[number];

/** Whether a visit is announced for a moment, for later, or was; one without an end lasts. */
export function dueOf({ starts, ends }: Pick<Visit, "starts" | "ends">, now_ms: number): Due {
  if (starts !== null && Date.parse(starts) > now_ms) return "later";
  return ends !== null && Date.parse(ends) < now_ms ? "over" : "due";
}

/** Those of a gate (or of any), that are due first, then those to come, each by their beginning. */
export function visitsAt(visits: readonly Visit[], gate: string, now_ms: number): Visit[] {
  const order = (visit: Visit): number => DUE.indexOf(dueOf(visit, now_ms));
  return visits.filter((visit) => visit.gate === null || visit.gate === "" || visit.gate === gate).sort((a, b) => order(a) - order(b) || (a.starts ?? "").localeCompare(b.starts ?? "") || a.key.localeCompare(b.key));
}
