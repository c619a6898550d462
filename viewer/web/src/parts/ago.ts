/** Since when, as one says it at a glance: `3 min`, and the clock beside it. */

import { clock, moment, t } from "../words";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export function lasting(ms: number): string {
  if (ms < 2 * MINUTE_MS) return t("time.seconds", { count: Math.max(Math.floor(ms / 1000), 0) });
  if (ms < HOUR_MS) return t("time.minutes", { count: Math.floor(ms / MINUTE_MS) });
  if (ms < DAY_MS) return t("time.hours", { count: Math.floor(ms / HOUR_MS) });
  return t("time.days", { count: Math.floor(ms / DAY_MS) });
}

/** The clock of a moment of today, date and clock of another. */
export function when(iso: string, now_ms: number): string {
  const at = Date.parse(iso);
  return Number.isNaN(at) ? iso : now_ms - at < DAY_MS ? clock(at) : moment(iso);
}
