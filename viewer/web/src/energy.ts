/** Energy of units by months, in standard coal and by carrier, as the service computes it. */

import { read } from "./service";
import { address, type Query, type Words } from "./registers";
import type { PlannerFinding, UnitName } from "./planner";

type Carriers = Record<string, number | null>;

export interface UnitEnergy {
  unit: UnitName;
  kind: (Words & { code: string }) | null;
  months_reported: number;
  complete: boolean;
  kgce: number | null;
  kgce_m2: number | null;
  kgce_person: number | null;
  kwh_m2: number | null;
  water_m3_person: number | null;
  median_kgce_m2: number | null;
  ratio: number | null;
}

export interface EnergyDocument {
  from: string;
  to: string;
  numberMatched: number;
  factors: { carrier: string; factor: number; unit: string; source: string }[];
  totals: { units: number; complete: number; kgce: number | null; carriers: Carriers; area_m2: number | null; people: number | null };
  by_month: { month: string; reported: boolean; kgce: number | null; carriers: Carriers }[];
  units: UnitEnergy[];
  next: string | null;
}

export interface EnergyFindings { numberMatched: number; findings: PlannerFinding[]; next: string | null }

/** `from` and `to` are months, YYYY-MM, both included; a unit means it and all below. */
export function readEnergy(query: Query): Promise<EnergyDocument> {
  return read(address("/energy", query));
}

export function readEnergyFindings(path: string): Promise<EnergyFindings> {
  return read(path);
}
