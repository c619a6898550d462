/** One stock-take: how many were found, found elsewhere, missing, unexpected or double, and each code with where it should be and was. */

import { css, html, nothing, type TemplateResult } from "lit";

import { Ask, Pages } from "../ask";
import { drawn, type PlaceDocument } from "../registers";
import { OUTCOMES, outcomesAddress, readOutcomes, readStockTake, type CountedCode, type CountedPlace, type Outcome, type StockTake } from "../stock";
import { moment, number, t, title } from "../words";
import { frame, framed } from "./list_frame";
import { look } from "./look";
import { Part } from "./part";
import { answered, following, sheet } from "./sheet";
import { since } from "./stocktakes";

const PAGE = 50;
const TONES: Record<CountedCode["outcome"], string> = { found: "good", found_elsewhere: "warn", missing: "bad", ambiguous: "warn", unexpected: "warn", not_due: "cool", outside: "cool" };
/** Findings that the outcome does not say already. */
const APART = new Set(["STOCKTAKE_SCANNED_TWICE", "STOCKTAKE_TAG_DUPLICATE", "STOCKTAKE_PLACE_UNKNOWN"]);

export class TwinStockTake extends Part {
  static override styles = [
    look,
    sheet,
    frame,
    css`
      .places { display: grid; grid-template-columns: auto 1fr; gap: 1px 10px; margin: 0; font-size: 13px; }
      .places dt { color: var(--quiet); }
      .places dd { margin: 0; overflow-wrap: anywhere; }
    `,
  ];
  static override properties = { ...Part.properties, take: { attribute: false }, outcome: { attribute: false } };
  declare take: number;
  declare outcome: Outcome | null;
  private readonly stocktake = new Ask<StockTake>(this);
  private readonly codes = new Pages<CountedCode>(this);

  override render(): TemplateResult {
    const state = this.stocktake.of(String(this.take), () => readStockTake(this.take));
    const body = answered(state, () => this.stocktake.forget(), (take) => html`${this.sums(take)} ${this.filters(take)} ${this.list()}`);
    if (state.status !== "ready") return framed(this.twin.desk, t("stocktakes.title"), nothing, body);
    const take = state.value;
    const note = html`<span class="chip ${take.state === "open" ? "warn" : "good"}">${t(`stocktakes.${take.state}`)}</span> ${take.places.map(({ name }) => name).join(t("list.separator"))} · ${since(take)}`;
    return framed(this.twin.desk, take.name, note, body);
  }

  private sums({ counts }: StockTake): TemplateResult {
    const { due = 0, found = 0, found_elsewhere = 0, missing = 0 } = counts;
    const sums = { due, found, found_elsewhere, missing };
    return html`<div class="sums">
      ${(["due", "found", "found_elsewhere", "missing"] as const).map((name) => html`<div><b>${number(sums[name])}</b><span class="small">${t(`outcome.${name}`)}</span></div>`)}
    </div>`;
  }

  private filters({ counts }: StockTake): TemplateResult {
    const many = (outcome: Outcome): number => (counts[outcome] ?? 0) + (outcome === "found_elsewhere" ? (counts["brought"] ?? 0) : 0);
    return html`<div class="filters" role="group" aria-label=${t("stocktake.by_outcome")}>
      ${OUTCOMES.filter((outcome) => many(outcome) > 0 || outcome === this.outcome).map(
        (outcome) => html`<button aria-pressed=${outcome === this.outcome ? "true" : "false"} @click=${() => this.choose(outcome)}>${t(`outcome.${outcome}`)} ${number(many(outcome))}</button>`,
      )}
    </div>`;
  }

  private choose(outcome: Outcome): void {
    this.twin.desk.refineList(`stocktakes/${this.take}${outcome === this.outcome ? "" : `/${outcome}`}`);
  }

  private list(): TemplateResult {
    const list = this.codes.of(outcomesAddress(this.take, this.outcome, PAGE), async (from) => {
      const page = await readOutcomes(from);
      return { entries: page.outcomes, next: page.next, matched: page.numberMatched, exact: true };
    });
    return html`<ul class="rows">${list.entries.map((one) => html`<li>${this.code(one)}</li>`)}</ul>
      ${following(list, () => void this.codes.more())}`;
  }

  private code({ code, record, outcome, expected, found, scan, findings, moved }: CountedCode): TemplateResult {
    return html`<div class="line">
        ${record ? html`<button class="link" @click=${() => this.twin.desk.showRecord(record)}>${record.title}</button>` : html`<span>${t("stocktake.no_card")}</span>`}
        <span class="chip ${TONES[outcome]}">${t(`outcome.${outcome}`)}</span>
      </div>
      <span class="small"><code>${code}</code>${scan ? html` ${scan.who} · ${moment(scan.at)}` : nothing}</span>
      <dl class="places">
        ${expected ? html`<dt>${t("stocktake.expected")}</dt><dd>${this.place(expected)}</dd>` : nothing}
        ${scan && !(outcome === "found" && found?.id === expected?.id) ? html`<dt>${t("stocktake.seen")}</dt><dd>${found ? this.place(found) : t("stocktake.place_unknown")}</dd>` : nothing}
      </dl>
      ${findings.some((one) => APART.has(one)) || moved
        ? html`<div>${findings.filter((one) => APART.has(one)).map((one) => html`<span class="chip warn" title=${one}>${this.twin.desk.meaning(one)}</span> `)}${moved ? html`<span class="chip good">${t("stocktake.moved")}</span>` : nothing}</div>`
        : nothing}`;
  }

  private place(place: CountedPlace): unknown {
    if (place.name === null) return t("stocktake.place_hidden");
    const names = wayTo(place);
    return drawn(place) ? html`<button class="link" title=${t("action.fly")} @click=${() => void this.twin.desk.goTo(place, names)}>${names}</button>` : names;
  }
}

/** “1号楼 › 2F › 203 处长办公室”. */
export function wayTo({ path, number: own, name }: PlaceDocument): string {
  const above = path.slice(0, -1).filter(({ kind }) => kind !== "everything" && kind !== "site");
  return [...above.map((step) => step.name), title(own, name)].join(" › ");
}

customElements.define("twin-stocktake", TwinStockTake);
