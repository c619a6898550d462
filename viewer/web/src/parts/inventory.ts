/** The assets of a place or a unit: what stands here, below and nowhere in particular, by class, unit, state and age, and one by one. */

import { css, html, nothing, type TemplateResult } from "lit";

import { Ask, Pages } from "../ask";
import { address, readInventory, readRecords, type InventoryDocument, type PlaceDocument, type Query, type RecordDocument, type Sum } from "../registers";
import { either, number, t } from "../words";
import { look } from "./look";
import { Part } from "./part";
import { amount, answered, following, sheet, tabs } from "./sheet";

const DIMENSIONS = ["class", "unit", "state", "age"] as const;
type Dimension = (typeof DIMENSIONS)[number];
const PAGE = 50;
const PAUSE_MS = 250;
const GOOD_STATES = new Set(["in_use", "registered", "accepted"]);

interface Choice { label: string; query: Query }
interface Line { label: string; sum: Sum; choice: Choice | null }

export class TwinInventory extends Part {
  static override styles = [
    look,
    sheet,
    css`
      :host { display: block; padding-bottom: 8px; }
      h3 { margin-top: 16px; }
      .find { display: flex; gap: 6px; margin-top: 8px; }
      .find input { flex: 1; }
      [role="tablist"] { padding: 0; margin-top: 6px; }
      .inside { margin: 10px 0 0; }
    `,
  ];
  static override properties = { ...Part.properties, place: { attribute: false }, unit: { attribute: false }, by: { state: true }, chosen: { state: true }, q: { state: true }, inside: { state: true } };
  declare place: PlaceDocument | null;
  declare unit: string | null;
  declare by: Dimension;
  declare chosen: Choice | null;
  declare q: string;
  /** A place below, which no feature of the scene stands for, that was gone into. */
  declare inside: { id: number; name: string } | null;
  private readonly inventory = new Ask<InventoryDocument>(this);
  private readonly assets = new Pages<RecordDocument>(this);
  private subject = "";
  private timer = 0;

  constructor() {
    super();
    this.by = "class";
    this.chosen = null;
    this.q = "";
    this.inside = null;
  }

  override willUpdate(): void {
    const subject = `${this.unit} ${this.place?.id}`;
    if (subject === this.subject) return;
    this.subject = subject;
    this.chosen = null;
    this.inside = null;
    this.q = "";
  }

  override render(): TemplateResult {
    const of = this.of;
    if (of === null) return html`<p class="quiet">${t("inventory.no_place")}</p>`;
    return html`${answered(this.inventory.of(JSON.stringify(of), () => readInventory(of)), () => this.inventory.forget(), (document) => html`${this.sums(document)} ${this.children_(document)} ${this.breakdown(document)}`)}
      ${this.list(of)}`;
  }

  private get of(): { place: number } | { unit: string } | null {
    if (this.unit) return { unit: this.unit };
    const place = this.inside?.id ?? this.place?.id;
    return place === undefined ? null : { place };
  }

  private sums({ own, children, unplaced, total }: InventoryDocument): TemplateResult {
    const below = children.reduce((sum, { count }) => sum + count, 0);
    return html`${this.inside ? html`<p class="inside"><button class="link" @click=${() => (this.inside = null)}>‹ ${this.place?.name}</button> › ${this.inside.name}</p>` : nothing}
      <div class="sums">
        <div><b>${number(own.count)}</b><span class="small">${t("inventory.own")}</span></div>
        <div><b>${number(below)}</b><span class="small">${t("inventory.below")}</span></div>
        <div><b>${number(unplaced.count)}</b><span class="small">${t(this.unit ? "inventory.without_unit" : "inventory.unplaced")}</span></div>
        <div class=${total.value_words ? "wide" : ""}><b>${number(total.count)}</b><span class="small">${t("inventory.total")}</span>${total.value_words ? html`<span class="small">${amount(total)}</span>` : nothing}</div>
      </div>`;
  }

  private children_({ children }: InventoryDocument): TemplateResult | typeof nothing {
    const some = children.filter(({ count }) => count > 0);
    if (some.length === 0) return nothing;
    return html`<table>
      <caption>${t("inventory.children")}</caption>
      <tbody>
        ${some.map(
          (child) => html`<tr>
            <td><button class="link" @click=${() => this.enter(child)}>${[child.number, child.name].filter((part, at, all) => part && all.indexOf(part) === at).join(" ")}</button></td>
            <td class="right">${number(child.count)}</td>
            <td class="right small">${amount(child)}</td>
          </tr>`,
        )}
      </tbody>
    </table>`;
  }

  private enter(child: InventoryDocument["children"][number]): void {
    if (child.key !== undefined) this.twin.desk.showRecord({ kind: "unit", key: child.key });
    else if (child.feature) void this.twin.visit(child.feature, child.kind === "room" ? "space" : (child.kind ?? ""), this.place?.kind === "storey" ? this.place.feature : null);
    else if (child.id !== undefined) this.inside = { id: child.id, name: child.name };
  }

  private breakdown(document: InventoryDocument): TemplateResult {
    const lines = linesOf(document, this.by);
    const most = Math.max(1, ...lines.map(({ sum }) => sum.count));
    return html`<h3>${t("inventory.breakdown")}</h3>
      ${tabs(t("inventory.breakdown"), DIMENSIONS.map((name) => ({ name, label: t(`inventory_by.${name}`) })), this.by, (by) => (this.by = by))}
      <table>
        <tbody>
          ${lines.map(
            ({ label, sum, choice }) => html`<tr>
              <td>${choice ? html`<button class="link" aria-pressed=${choice.label === this.chosen?.label ? "true" : "false"} @click=${() => (this.chosen = choice)}>${label}</button>` : label}</td>
              <td><meter aria-label=${label} min="0" max=${most} value=${sum.count}></meter></td>
              <td class="right">${number(sum.count)}</td>
              <td class="right small">${amount(sum)}</td>
            </tr>`,
          )}
        </tbody>
      </table>`;
  }

  private list(of: { place: number } | { unit: string }): TemplateResult {
    const first = address("/assets", { ...of, ...this.chosen?.query, q: this.q || null, limit: PAGE });
    const list = this.assets.of(first, async (from) => {
      const page = await readRecords(from, {});
      return { entries: page.records, next: page.next, matched: page.numberMatched, exact: true };
    });
    return html`<h3>${t("inventory.list")}${list.matched === null ? "" : t("list.count", { count: list.matched })}</h3>
      <div class="find"><input type="search" aria-label=${t("inventory.find")} placeholder=${t("inventory.find")} .value=${this.q} @input=${(event: Event) => this.type((event.target as HTMLInputElement).value)} /></div>
      ${this.chosen ? html`<div class="filters"><button aria-pressed="true" aria-label=${t("list.without", { what: this.chosen.label })} @click=${() => (this.chosen = null)}>${this.chosen.label} ✕</button></div>` : nothing}
      <ul class="rows">${list.entries.map((asset) => html`<li>${this.asset(asset)}</li>`)}</ul>
      ${following(list, () => void this.assets.more())}`;
  }

  private asset({ key, values, words, place }: RecordDocument): TemplateResult {
    const state = String(values["state"] ?? "");
    const facts = [values["specification"], words["value"] ? either(words["value"]) : null, values["acquired"]].filter(Boolean).join(" · ");
    return html`<div class="line">
        <button class="link" @click=${() => this.twin.desk.showRecord({ kind: "asset", key })}>${values["name"] ?? key}</button>
        ${words["state"] ? html`<span class="chip ${GOOD_STATES.has(state) ? "" : "cool"}">${either(words["state"])}</span>` : nothing}
      </div>
      <span class="small"><code>${key}</code> ${facts}</span>
      <span class="small">${place ? place.path.slice(1).map(({ name }) => name).join(" › ") : t("inventory.nowhere")}</span>`;
  }

  private type(text: string): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => (this.q = text.trim()), PAUSE_MS);
  }
}

function linesOf(document: InventoryDocument, by: Dimension): Line[] {
  const lines: Record<Dimension, () => Line[]> = {
    class: () =>
      document.by_class.map((sum) => {
        const { code, edition } = sum.class;
        const label = code === null ? t("inventory.no_class") : [code, either(sum.class), edition].filter(Boolean).join(" ");
        return { label, sum, choice: code === null ? null : { label, query: { class_code: code, class_edition: edition } } };
      }),
    unit: () =>
      document.by_unit.map((sum) => {
        const label = sum.unit.name ?? t("inventory.no_unit");
        return { label, sum, choice: sum.unit.key === null ? null : { label, query: { unit: sum.unit.key } } };
      }),
    state: () =>
      document.by_state.map((sum) => {
        const label = sum.state.code === null ? t("inventory.no_state") : either(sum.state);
        return { label, sum, choice: sum.state.code === null ? null : { label, query: { state: sum.state.code } } };
      }),
    age: () =>
      document.by_age.map((sum) => {
        const { years_from: from, years_below: below } = sum.age;
        const label = from === null ? t("inventory.no_age") : below === null ? t("inventory.years_from", { from }) : t("inventory.years", { from, below });
        return { label, sum, choice: from === null ? null : { label, query: { acquired_from: below === null ? null : daysAfter(yearsAgo(below), 1), acquired_to: yearsAgo(from) } } };
      }),
  };
  return lines[by]().sort((a, b) => (by === "age" ? 0 : b.sum.count - a.sum.count));
}

function yearsAgo(years: number): string {
  const now = new Date();
  const then = new Date(Date.UTC(now.getUTCFullYear() - years, now.getUTCMonth(), now.getUTCDate()));
  if (then.getUTCMonth() !== now.getUTCMonth()) then.setUTCDate(0);
  return then.toISOString().slice(0, 10);
}

function daysAfter(day: string, days: number): string {
  return new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10);
}

customElements.define("twin-inventory", TwinInventory);
