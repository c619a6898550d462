/** The list of differences: ledger, card, place and title against one another, by kind, each with what it is about. */

import { css, html, nothing, type TemplateResult } from "lit";

import { Ask, Pages } from "../ask";
import { address } from "../registers";
import { readDifferenceKinds, readDifferences, STATES, type Difference, type DifferenceKinds, type State } from "../stock";
import { day, either, fixed, number, t } from "../words";
import { frame, framed } from "./list_frame";
import { look } from "./look";
import { Part } from "./part";
import { answered, following, sheet } from "./sheet";

const PAGE = 50;
const FEN = 100;

export class TwinDifferences extends Part {
  static override styles = [
    look,
    sheet,
    frame,
    css`
      .against { display: grid; grid-template-columns: auto 1fr; gap: 1px 10px; margin: 0; font-size: 13px; }
      .against dt { color: var(--quiet); }
      .against dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
      .line .chip { white-space: normal; }
    `,
  ];
  static override properties = { ...Part.properties, code: { attribute: false }, state: { state: true } };
  /** Only those of this kind; null: all. */
  declare code: string | null;
  declare state: State;
  private readonly kinds = new Ask<DifferenceKinds>(this);
  private readonly differences = new Pages<Difference>(this);

  constructor() {
    super();
    this.state = "open";
  }

  override render(): TemplateResult {
    const { state, code } = this;
    const kinds = this.kinds.of(state, () => readDifferenceKinds(state));
    const body = answered(kinds, () => this.kinds.forget(), (known) => html`${this.choices(known)} ${this.list(known.kinds.find((kind) => kind.code === code)?.count ?? known.numberMatched)}`);
    return framed(this.twin.desk, t("differences.title"), t("differences.note"), body);
  }

  private choices({ kinds, numberMatched }: DifferenceKinds): TemplateResult {
    const some = kinds.filter(({ code, count }) => count > 0 || code === this.code);
    const families = [...new Set(some.map(({ family }) => family.zh))];
    return html`<div class="choices">
      <select aria-label=${t("differences.by_kind")} @change=${(event: Event) => this.choose((event.target as HTMLSelectElement).value)}>
        <option value="" ?selected=${this.code === null}>${t("differences.every_kind", { count: numberMatched })}</option>
        ${families.map((name) => {
          const group = some.filter(({ family }) => family.zh === name);
          return html`<optgroup label=${either(group[0]?.family ?? {})}>
            ${group.map((kind) => html`<option value=${kind.code} ?selected=${kind.code === this.code}>${either(kind)}${t("list.count", { count: kind.count })}</option>`)}
          </optgroup>`;
        })}
      </select>
      <select aria-label=${t("differences.by_state")} @change=${(event: Event) => (this.state = (event.target as HTMLSelectElement).value as State)}>
        ${STATES.map((state) => html`<option value=${state} ?selected=${state === this.state}>${t(`differences.${state}`)}</option>`)}
      </select>
    </div>`;
  }

  private choose(code: string): void {
    this.twin.desk.refineList(code ? `differences/${code}` : "differences");
  }

  private list(matched: number): TemplateResult {
    const first = address("/differences", { code: this.code, state: this.state, limit: PAGE });
    const list = this.differences.of(first, async (from) => {
      const page = await readDifferences(from);
      return { entries: page.differences, next: page.next, matched, exact: true };
    });
    return html`<ul class="rows">${list.entries.map((one) => html`<li>${this.difference(one)}</li>`)}</ul>
      ${following(list, () => void this.differences.more())}`;
  }

  private difference(one: Difference): TemplateResult {
    const { desk } = this.twin;
    const { record, left, right, amount, unit, remedy, stocktake, acts } = one;
    const about = record && record.title !== one.key ? record.title : null;
    return html`<div class="line">
        ${record ? html`<button class="link" @click=${() => desk.showRecord(record)}>${about ?? one.key}</button>` : html`<span>${one.key}</span>`}
        <span class="chip warn" title=${one.code}>${desk.meaning(one.code)}</span>
      </div>
      ${about ? html`<span class="small"><code>${one.key}</code></span>` : nothing}
      ${left || right
        ? html`<dl class="against">
            ${[left, right].map((side) => (side ? html`<dt>${side.name}</dt><dd>${side.says || t("differences.says_nothing")}${side.file ? html` <span class="small">${side.file}${side.line === null ? "" : t("dossier.line", { line: String(side.line) })}</span>` : nothing}</dd>` : nothing))}
            ${amount === null ? nothing : html`<dt>${t("differences.amount")}</dt><dd>${t("unit.yuan", { value: fixed(amount / FEN, 2) })}</dd>`}
          </dl>`
        : nothing}
      <span class="small"
        >${unit ? html`<button class="link" @click=${() => desk.showRecord({ kind: "unit", key: unit.key })}>${unit.name ?? unit.key}</button> · ` : nothing}${t("differences.since", { day: day(one.since.slice(0, 10)) })}${one.closed_by ? ` · ${one.closed_by}` : nothing}</span
      >
      ${stocktake === null ? nothing : html`<div><button class="link" @click=${() => desk.showList(`stocktakes/${stocktake}`)}>${t("differences.of_stocktake", { number: number(stocktake) })}</button></div>`}
      ${remedy && this.state === "open" ? html`<span class="small">${acts ? t(`acts.${acts}`) : ""} ${either(remedy)}</span>` : nothing}`;
  }
}

customElements.define("twin-differences", TwinDifferences);
