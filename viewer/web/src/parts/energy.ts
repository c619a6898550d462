/** A unit's energy: what it used by months, in standard coal a square metre and a person, against the median of its kind. */

import { css, html, nothing, type TemplateResult } from "lit";

import { Ask, Pages } from "../ask";
import { readEnergy, readEnergyFindings, type EnergyDocument, type UnitEnergy } from "../energy";
import type { PlannerFinding } from "../planner";
import { address } from "../registers";
import { either, number, t } from "../words";
import { bars } from "./bars";
import { findingLines } from "./finding";
import { look } from "./look";
import { Part } from "./part";
import { answered, following, sheet } from "./sheet";

const MONTHS = 24;
const PAGE = 20;
const COAL = "kgce";
const MEASURED = ["electricity", "water", "gas", "petrol", "diesel", "lpg", "coal", "heat"] as const;

export class TwinEnergy extends Part {
  static override styles = [
    look,
    sheet,
    css`
      :host { display: block; padding-bottom: 8px; }
      h3 { margin-top: 16px; }
      svg { width: 100%; height: auto; margin-top: 8px; display: block; }
      svg rect { fill: var(--accent); }
      svg rect.missing { fill: none; stroke: var(--warm); stroke-dasharray: 3 2; }
      svg rect:hover { fill: var(--warm); }
      svg text { fill: var(--quiet); font-size: 10px; }
      svg line { stroke: var(--line-strong); stroke-width: 1; }
      select { margin-top: 10px; }
    `,
  ];
  static override properties = { ...Part.properties, unit: { attribute: false }, measure: { state: true } };
  declare unit: string;
  declare measure: string;
  private readonly energy = new Ask<EnergyDocument>(this);
  private readonly findings = new Pages<PlannerFinding>(this);
  private readonly period = period(new Date());

  constructor() {
    super();
    this.measure = COAL;
  }

  override render(): TemplateResult {
    const { unit, period } = this;
    const list = this.findings.of(address("/energy/findings", { unit, ...period, limit: PAGE }), async (from) => {
      const page = await readEnergyFindings(from);
      return { entries: page.findings, next: page.next, matched: page.numberMatched, exact: true };
    });
    return html`${answered(this.energy.of(unit, () => readEnergy({ unit, ...period, limit: PAGE })), () => this.energy.forget(), (document) => this.used(document))}
      <h3>${t("dossier.findings")}</h3>
      <ul class="rows">
        ${list.entries.map(
          (finding) => html`<li>${findingLines(this.twin, finding, this.about(finding))}</li>`,
        )}
      </ul>
      ${following(list, () => void this.findings.more())}`;
  }

  private about({ kind, key }: PlannerFinding): unknown {
    return key === null ? nothing : html`<button class="link" @click=${() => this.twin.desk.showRecord({ kind, key })}>${key}</button>`;
  }

  private used(document: EnergyDocument): TemplateResult {
    const own = document.units.find(({ unit }) => unit.key === this.unit);
    const columns = this.twin.desk.kinds.get("energy")?.columns ?? [];
    const named = (name: string): string => either(columns.find((column) => column.name === name) ?? { zh: name, en: name });
    const unitOf = (name: string): string => (name === COAL ? COAL : (columns.find((column) => column.name === name)?.unit ?? ""));
    const stated = MEASURED.filter((name) => typeof document.totals.carriers[name] === "number");
    const measure = stated.find((name) => name === this.measure) ?? COAL;
    const label = measure === COAL ? t("energy.coal") : named(measure);
    const months = document.by_month.map(({ month, kgce, carriers }) => ({ label: month, value: measure === COAL ? kgce : (carriers[measure] ?? null) }));
    return html`${own ? this.indicators(own) : nothing}
      <select aria-label=${t("energy.measure")} @change=${(event: Event) => (this.measure = (event.target as HTMLSelectElement).value)}>
        <option value=${COAL} ?selected=${measure === COAL}>${t("energy.coal")}</option>
        ${stated.map((name) => html`<option value=${name} ?selected=${name === measure}>${named(name)}</option>`)}
      </select>
      ${bars(months, t("energy.chart", { measure: label, unit: unitOf(measure) }))}
      <p class="small">${t("energy.with_below", { count: document.totals.units })}</p>
      <details>
        <summary>${t("energy.table", { measure: label, unit: unitOf(measure) })}</summary>
        <table><tbody>${[...months].reverse().map((month) => html`<tr><td>${month.label}</td><td class="right">${month.value === null ? t("energy.missing") : number(month.value)}</td></tr>`)}</tbody></table>
      </details>
      <details>
        <summary>${t("energy.factors")}</summary>
        <table><tbody>${document.factors.map(({ carrier, factor, unit, source }) => html`<tr title=${source}><td>${named(carrier)}</td><td class="right">${t("energy.factor", { factor: String(factor), unit })}</td></tr>`)}</tbody></table>
      </details>`;
  }

  private indicators({ kgce_m2, kgce_person, kwh_m2, water_m3_person, median_kgce_m2, kind, complete, months_reported }: UnitEnergy): TemplateResult {
    const figure = (value: number | null, words: string): TemplateResult => html`<div><b>${value === null ? t("value.unknown") : number(value, 1)}</b><span class="small">${words}</span></div>`;
    return html`<div class="sums">${figure(kgce_m2, t("energy.per_area"))} ${figure(kgce_person, t("energy.per_person"))} ${figure(kwh_m2, t("energy.kwh_per_area"))} ${figure(water_m3_person, t("energy.water_per_person"))}</div>
      <p class="small">${median_kgce_m2 === null ? t("energy.no_median") : t("energy.median", { kind: kind ? either(kind) : "", value: number(median_kgce_m2, 2) })}</p>
      ${complete ? nothing : html`<p><span class="chip warn">${t("energy.incomplete", { count: months_reported })}</span></p>`}`;
  }
}

/** The last whole months before a moment. */
function period(now: Date): { from: string; to: string } {
  const month = (back: number): string => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 1)).toISOString().slice(0, 7);
  return { from: month(MONTHS), to: month(1) };
}

customElements.define("twin-energy", TwinEnergy);
