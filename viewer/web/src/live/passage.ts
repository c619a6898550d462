/** One passage of a gate or door, out of what the device said. */

import type { Json } from "../service";

export const SUBJECTS = ["vehicle", "person"] as const;
export type Subject = (typeof SUBJECTS)[number];
export interface Passage { at: string; direction: string | null; subject: Subject; key: string | null; granted: boolean | null }

export function passageOf(at: string, said: { [name: string]: Json }): Passage {
  const text = (name: string): string | null => (typeof said[name] === "string" && said[name] !== "" ? (said[name] as string) : null);
  const plate = text("plate");
  const subject = text("subject") === "vehicle" || (text("subject") === null && plate !== null) ? "vehicle" : "person";
  return { at, direction: text("direction"), subject, key: plate ?? text("card") ?? text("person"), granted: typeof said["granted"] === "boolean" ? said["granted"] : null };
}
