/** The known facts of a feature as groups of rows, whatever shape its properties have. */

import { html, nothing, type TemplateResult } from "lit";

import type { Json } from "../service";
import { number, t, term, type Key } from "../words";

const GROUPS = ["type", "attributes", "quantities", "property_sets", "classifications", "systems", "materials", "boundaries"] as const;
const APART = new Set<string>([...GROUPS, "measured", "declared"]);
const MEASURE = new Set(["value", "unit", "value_si", "type"]);
const NESTED = new Set<string>(["property_sets", "quantities"]);

/** Every group of a feature's properties, in reading order; empty ones are left out. */
export function groups(properties: { [group: string]: Json }): TemplateResult[] {
  const found = GROUPS.flatMap((name) => {
    const value = properties[name] ?? null;
    return isEmpty(value) ? [] : [group(t(`panel.${name}` satisfies Key), value, NESTED.has(name))];
  });
  const rest = Object.fromEntries(Object.entries(properties).filter(([name, value]) => !APART.has(name) && !isEmpty(value)));
  return isEmpty(rest) ? found : [...found, group(t("panel.other"), rest, false)];
}

/** What we measured and what the file states, one below the other: two facts, neither corrects or is matched to the other. */
export function twoFacts(measured: Json, declared: Json): TemplateResult | typeof nothing {
  if (!isRecord(measured) && !Array.isArray(declared)) return nothing;
  const ours = isRecord(measured) ? { ...measured } : {};
  const method = ours["method"];
  if (typeof method === "string") ours["method"] = term(method) ?? method;
  const stated = Array.isArray(declared) ? declared.filter(isRecord) : [];
  return html`<section>
    <h3>${t("panel.area")}</h3>
    <h4>${t("panel.measured")}</h4>
    ${table(ours)}
    <h4>${t("panel.declared")}</h4>
    ${stated.length > 0 ? rows(stated.map(statedRow)) : html`<p class="quiet">${t("panel.not_stated")}</p>`}
  </section>`;
}

function statedRow(row: { [name: string]: Json }): readonly [string, unknown, string] {
  const name = String(row["name"] ?? "");
  const set = String(row["pset"] ?? "");
  return [term(name) ?? name, html`${measure(row)}<br /><span class="quiet">${set}</span>`, `${set}.${name}`];
}

export function rows(pairs: readonly (readonly [name: string, content: unknown, hint?: string])[]): TemplateResult {
  return html`<dl>${pairs.map(([name, content, hint]) => html`<div><dt title=${hint ?? ""}>${name}</dt><dd>${content}</dd></div>`)}</dl>`;
}

function group(heading: string, content: Json, nested: boolean): TemplateResult {
  const inner =
    nested && isRecord(content)
      ? Object.entries(content)
          .filter(([, members]) => !isEmpty(members))
          .map(([name, members]) => (isRecord(members) && !isMeasure(members) ? html`<h4>${name}</h4>${table(members)}` : table({ [name]: members })))
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

function table(members: { [name: string]: Json }): TemplateResult {
  return rows(
    Object.entries(members)
      .filter(([, content]) => content !== null && content !== "")
      .map(([name, content]) => [term(name) ?? name, value(content), name] as const),
  );
}

function list(items: Json[]): TemplateResult {
  const plain = items.every((item) => !isRecord(item));
  if (plain) return html`<p>${items.map((item) => value(item)).map((item, at) => [at ? t("list.separator") : "", item])}</p>`;
  if (items.length > 12) return html`<p>${t("panel.boundary_count", { count: items.length })}</p>`;
  return html`${items.map((item) => (isRecord(item) ? html`<div class="entry">${table(item)}</div>` : html`<p>${value(item)}</p>`))}`;
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

function measure(content: { [name: string]: Json }): TemplateResult {
  return html`${value(content["value"] ?? null)} ${content["unit"] ?? ""}`;
}

function isRecord(content: Json): content is { [name: string]: Json } {
  return typeof content === "object" && content !== null && !Array.isArray(content);
}

function isMeasure(content: { [name: string]: Json }): boolean {
  return "value" in content && Object.keys(content).every((name) => MEASURE.has(name));
}

function isEmpty(content: Json): boolean {
  if (content === null || content === "") return true;
  if (Array.isArray(content)) return content.length === 0;
  return isRecord(content) && Object.values(content).every(isEmpty);
}
