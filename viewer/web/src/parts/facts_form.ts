/** What a step needs to be told, as fields of a form; what the service knows or the page has chosen is not asked. */

import { html, type TemplateResult } from "lit";

import type { Json } from "../service";
import { t, type Key } from "../words";

/** Said by the service itself, or chosen elsewhere on the page. */
const KNOWN = new Set(["applied", "approval", "assets", "candidates", "class_code", "class_edition", "building", "decided_by", "field", "matches", "quantity", "record", "rooms", "value"]);
const DAYS = new Set(["until", "returned"]);
const WAYS = ["transfer", "donation", "sale", "exchange", "scrapping", "loss"] as const;
const NAMED = new Set(["acceptance", "borrower", "card", "cards", "disposal", "evidence", "keeper", "no_match_reason", "reason", "receipt", "returned", "unit", "until", "voucher"]);

export function asked(needs: readonly string[]): string[] {
  return needs.filter((name) => !KNOWN.has(name));
}

export function factFields(needs: readonly string[], required = true): TemplateResult[] {
  return asked(needs).map((name) => html`<label>${factWord(name)} ${field(name, required)}</label>`);
}

export function factWord(name: string): string {
  return NAMED.has(name) ? t(`fact.${name}` as Key) : name;
}

/** What was written into the fields, nothing for what was left empty. */
export function factsOf(form: HTMLFormElement, needs: readonly string[]): { [name: string]: Json } {
  const given = new FormData(form);
  const said = asked(needs).map((name) => [name, String(given.get(name) ?? "").trim()] as const);
  return Object.fromEntries(said.filter(([, text]) => text !== "").map(([name, text]) => [name, name === "cards" ? text.split(/[\s,\uff0c\u3001]+/) : text]));
}

function field(name: string, required: boolean): TemplateResult {
  if (name === "disposal") return html`<select name=${name} ?required=${required}>${WAYS.map((way) => html`<option value=${way}>${t(`disposal.${way}`)}</option>`)}</select>`;
  return html`<input name=${name} type=${DAYS.has(name) ? "date" : "text"} maxlength="1000" autocomplete="off" ?required=${required} />`;
}
