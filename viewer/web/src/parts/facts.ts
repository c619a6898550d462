/** The known facts of a feature as groups of rows, whatever shape its properties have. */

import { html, nothing, type TemplateResult } from "lit";

import type { Json } from "../service";
import { number, t, term, valueName, type Key } from "../words";

type Facts = { [name: string]: Json };

const GROUPS = ["type", "attributes", "quantities", "property_sets", "classifications", "systems", "materials", "boundaries"] as const;
const APART = new Set<string>([...GROUPS, "measured", "declared"]);
const MEASURE = new Set(["value", "unit", "value_si", "type"]);
const NESTED = new Set<string>(["property_sets", "quantities"]);
const FIRST = ["name", "code"];
/** Properties whose values are words of a known list, and are said in the reader's language. */
const WORDED = new Set(["method", "space_method", "composition_type", "interior_or_exterior_space"]);
const UNITS = [
  ["_m2", "m²"],
  ["_m3", "m³"],
  ["_m", "m"],
] as const;
const MOST_ENTRIES = 12;

/** Every group of a feature's properties, in reading order; empty ones are left out, and what attributes say is not said twice. */
export function groups(properties: Facts): TemplateResult[] {
  const found = GROUPS.flatMap((name) => {
    const value = properties[name] ?? null;
    return isEmpty(value) ? [] : [group(t(`panel.${name}` satisfies Key), value, NESTED.has(name))];
  });
  const attributes = isRecord(properties["attributes"] ?? null) ? (properties["attributes"] as Facts) : {};
  const rest = Object.fromEntries(Object.entries(properties).filter(([name, value]) => !APART.has(name) && !isEmpty(value) && attributes[name] !== value));
  return isEmpty(rest) ? found : [...found, group(t("panel.other"), rest, false)];
}

/** What we measured and what the file states, one below the other: two facts, neither corrects or is matched to the other. */
export function twoFacts(measured: Json, declared: Json): TemplateResult | typeof nothing {
  if (!isRecord(measured) && !Array.isArray(declared)) return nothing;
  const stated = Array.isArray(declared) ? declared.filter(isRecord) : [];
  const sets = new Map<string, Facts[]>();
  for (const row of stated) sets.set(String(row["pset"] ?? ""), [...(sets.get(String(row["pset"] ?? "")) ?? []), row]);
  return html`<section>
    <h3>${t("panel.area")}</h3>
    <h4>${t("panel.measured")}</h4>
    ${table(isRecord(measured) ? measured : {})}
    <h4>${t("panel.declared")}</h4>
    ${stated.length > 0
      ? [...sets].map(([set, members]) => html`<p class="set"><code>${set}</code></p>${rows(members.map((row) => statedRow(set, row)))}`)
      : html`<p class="quiet">${t("panel.not_stated")}</p>`}
  </section>`;
}

function statedRow(set: string, row: Facts): readonly [string, unknown, string] {
  const name = String(row["name"] ?? "");
  return [term(name) ?? name, measure(row), `${set}.${name}`];
}

export function rows(pairs: readonly (readonly [name: string, content: unknown, hint?: string])[]): TemplateResult {
  return html`<dl>${pairs.map(([name, content, hint]) => html`<div><dt title=${hint ?? nothing}>${name}</dt><dd>${content}</dd></div>`)}</dl>`;
}

function group(heading: string, content: Json, nested: boolean): TemplateResult {
  const inner =
    nested && isRecord(content)
      ? Object.entries(content)
          .filter(([, members]) => !isEmpty(members))
          .map(([name, members]) => (isRecord(members) && !isMeasure(members) ? html`${setHeading(name)}${table(members)}` : table({ [name]: members })))
      : Array.isArray(content)
        ? list(content)
        : isRecord(content)
          ? table(content)
          : html`<p>${value(content)}</p>`;
  return html`<details open>
    <summary><h3>${heading}</h3></summary>
    ${inner}
  </details>`;
}

function setHeading(name: string): TemplateResult {
  const known = term(name);
  return html`<h4>${known ? html`${known} <code class="quiet">${name}</code>` : name}</h4>`;
}

function table(members: Facts): TemplateResult {
  const known = Object.entries(members).filter(([, content]) => content !== null && content !== "");
  const place = ([name]: [string, Json]): number => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
  return rows(known.sort((a, b) => place(a) - place(b)).map(([name, content]) => [term(name) ?? name, spoken(name, content), name] as const));
}

function list(items: Json[]): TemplateResult {
  const plain = items.every((item) => !isRecord(item));
  if (plain) return html`<p>${items.map((item) => value(item)).map((item, at) => [at ? t("list.separator") : "", item])}</p>`;
  if (items.length > MOST_ENTRIES) return html`<p>${t("panel.boundary_count", { count: items.length })}</p>`;
  return html`${items.map((item) => (isRecord(item) ? html`<div class="entry">${table(item)}</div>` : html`<p>${value(item)}</p>`))}`;
}

function spoken(name: string, content: Json): unknown {
  if (typeof content === "string" && WORDED.has(name)) return valueName(content) ?? content;
  if (typeof content !== "number") return value(content);
  const unit = UNITS.find(([suffix]) => name.endsWith(suffix))?.[1];
  return unit ? `${number(content)} ${unit}` : number(content);
}

function value(content: Json): unknown {
  if (content === null || content === "") return t("value.none");
  if (content === true) return t("value.yes");
  if (content === false) return t("value.no");
  if (typeof content === "number") return number(content);
  if (typeof content === "string") return content;
  if (Array.isArray(content)) return content.map((item) => (isRecord(item) ? Object.values(item).filter((part) => !isRecord(part)).join(" ") : String(item))).join(t("list.separator"));
  if (isMeasure(content)) return measure(content);
  return rows(Object.entries(content).map(([name, inner]) => [term(name) ?? name, value(inner), name] as const));
}

function measure(content: Facts): TemplateResult {
  return html`${value(content["value"] ?? null)} ${content["unit"] ?? ""}`;
}

function isRecord(content: Json): content is Facts {
  return typeof content === "object" && content !== null && !Array.isArray(content);
}

function isMeasure(content: Facts): boolean {
  return "value" in content && Object.keys(content).every((name) => MEASURE.has(name));
}

function isEmpty(content: Json): boolean {
  if (content === null || content === "") return true;
  if (Array.isArray(content)) return content.length === 0;
  return isRecord(content) && Object.values(content).every(isEmpty);
}
