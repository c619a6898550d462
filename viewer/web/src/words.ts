/** What the page says: two catalogues with the same keys, and the names of classes and properties. */

import glossary from "./glossary.json";
import en from "./strings/en.json";
import zh from "./strings/zh.json";

export type Language = "zh" | "en";
export type Key = keyof typeof zh;

const CATALOGUES: Record<Language, Record<Key, string>> = { zh, en };
const LOCALE: Record<Language, string> = { zh: "zh-CN", en: "en-GB" };
const STORED = "twin.language";
const classes = glossary.classes as unknown as Record<string, [string, string] | undefined>;
const terms = glossary.terms as unknown as Record<string, [string, string] | undefined>;
const values = glossary.values as unknown as Record<string, [string, string] | undefined>;
const PLAIN_NUMBER = /^\d+(\s|$)/;
const COLLATOR = new Intl.Collator("zh-CN", { numeric: true });

let current: Language = remembered();

export function language(): Language {
  return current;
}

export function speak(next: Language): void {
  current = next;
  document.documentElement.lang = LOCALE[next];
  try {
    localStorage.setItem(STORED, next);
  } catch {
    // A browser that stores nothing still speaks; it only forgets.
  }
}

/** The sentence of a key, with `{name}` filled in; numbers are written the way the language does. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  return CATALOGUES[current][key].replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    return value === undefined ? whole : typeof value === "number" ? number(value) : value;
  });
}

export function number(value: number, digits = 3): string {
  return value.toLocaleString(LOCALE[current], { maximumFractionDigits: digits });
}

/** With as many decimals as asked for, so that a column of them lines up. */
export function fixed(value: number, digits: number): string {
  return value.toLocaleString(LOCALE[current], { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function moment(iso: string): string {
  const time = new Date(iso);
  return Number.isNaN(time.valueOf()) ? iso : time.toLocaleString(LOCALE[current], { dateStyle: "medium", timeStyle: "short" });
}

/** Hour, minute and second of a moment (milliseconds of UTC), as the clock on the wall shows it. */
export function clock(ms: number): string {
  return new Date(ms).toLocaleTimeString(LOCALE[current], { hour12: false });
}

/** Day and clock of a moment (milliseconds of UTC). */
export function dateClock(ms: number): string {
  return new Date(ms).toLocaleString(LOCALE[current], { dateStyle: "medium", timeStyle: "medium", hour12: false });
}

/** A class's everyday name, or null where the glossary has none (the IFC name then stands alone). */
export function className(name: string): string | null {
  return pick(classes[name]);
}

export function term(name: string): string | null {
  return pick(terms[name]);
}

/** What a document says in both languages, in the one that is spoken. */
export function either({ zh, en }: { zh?: string | null; en?: string | null }): string {
  return (current === "zh" ? zh : en) ?? zh ?? en ?? "";
}

/** The same where it stands alone, as a title: with a capital, where the language has them. */
export function headline(words: { zh?: string | null; en?: string | null }): string {
  const said = either(words);
  return said.charAt(0).toLocaleUpperCase(LOCALE[current]) + said.slice(1);
}

/** A day as people write it; what is no day is left as it is. */
export function day(iso: string): string {
  const time = new Date(`${iso}T00:00:00`);
  return Number.isNaN(time.valueOf()) ? iso : time.toLocaleDateString(LOCALE[current], { dateStyle: "medium" });
}

/** One of our own words among the values (a method, a label), or null where it is not ours. */
export function valueName(value: string): string | null {
  return pick(values[value]);
}

/** “301 档案室”: number and name of a place, each once. */
export function title(name: string | null, longName: string | null): string {
  const parts = [name, longName].filter((part): part is string => part !== null && part.trim() !== "");
  return [...new Set(parts)].join(" ") || t("panel.unnamed");
}

/** The title of a building, which a model often leaves unnamed: then the model's key stands for it. */
export function buildingTitle({ id, name, long_name }: { id: string; name: string | null; long_name: string | null }): string {
  return name?.trim() || long_name?.trim() ? title(name, long_name) : (id.split(":")[0] ?? id);
}

/** 1号楼, 2号楼, 10号楼; 301 before 3L1: plain numbers first, numbers within names by their value. */
export function byName(a: string, b: string): number {
  return Number(!PLAIN_NUMBER.test(a)) - Number(!PLAIN_NUMBER.test(b)) || COLLATOR.compare(a, b);
}

function pick(pair: [string, string] | undefined): string | null {
  return pair ? pair[current === "zh" ? 0 : 1] : null;
}

function remembered(): Language {
  try {
    return localStorage.getItem(STORED) === "en" ? "en" : "zh";
  } catch {
    return "zh";
  }
}
