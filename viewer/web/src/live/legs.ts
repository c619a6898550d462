/** Trips and stops of a vehicle as one list, and what else is told of it in order. */

import type { Stop, Trip, Trips } from "./journeys";

/** A trip or a stop, the latest first. */
export type Leg = { what: "trip"; trip: Trip } | { what: "stop"; stop: Stop };

export function legsOf({ trips, stops }: Trips): Leg[] {
  const legs: Leg[] = [...trips.map((trip) => ({ what: "trip", trip }) as const), ...stops.map((stop) => ({ what: "stop", stop }) as const)];
  const start = (leg: Leg): number => Date.parse(leg.what === "trip" ? leg.trip.start : leg.stop.start);
  return legs.sort((a, b) => start(b) - start(a));
}

/** What began last first; what has no beginning at the end. */
export function latestFirst<Row extends { from: string | null }>(rows: Row[]): Row[] {
  const begun = ({ from }: Row): number => (from === null ? -Infinity : Date.parse(from));
  return [...rows].sort((a, b) => begun(b) - begun(a));
}
