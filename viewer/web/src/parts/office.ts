/** Office space of a place or a unit: each room with who sits there, its areas and its verdict; the picture shows the same in tints. */

import { css, html, nothing, type TemplateResult } from "lit";

import { Ask, Pages } from "../ask";
import { readOccupancy, readOccupancyTotals, VERDICTS, type JudgedRoom, type OccupancyGroups, type OccupancyPage, type OccupancyTotals, type Sitter, type UnitName, type Verdict } from "../planner";
import { address, type PlaceDocument, type Query } from "../registers";
import { either, number, t } from "../words";
import { look } from "./look";
import { Part } from "./part";
import { answered, area, following, sheet, verdictChip } from "./sheet";

const PAGE = 50;
const TINTED_A_TIME = 500;

export class TwinOffice extends Part {
  static override styles = [
    look,
    sheet,
    css`
      :host { display: block; padding-bottom: 8px; }
      .areas { display: flex; flex-wrap: wrap; gap: 2px 12px; font-size: 13px; font-variant-numeric: tabular-nums; }
      .areas span { color: var(--quiet); }
      .people { font-size: 13px; }
      .tint { display: flex; gap: 8px; align-items: center; margin-top: 10px; font-size: 13px; }
      .tint input { accent-color: var(--accent); width: 15px; height: 15px; margin: 0; }
      .why { font-size: 13px; }
      select { width: 100%; margin-top: 10px; }
    `,
  ];
  static override properties = { ...Part.properties, place: { attribute: false }, unit: { attribute: false }, verdicts: { state: true }, of_unit: { state: true } };
  declare place: PlaceDocument | null;
  declare unit: string | null;
  declare verdicts: readonly Verdict[];
  declare of_unit: string | null;
  private readonly rooms = new Pages<JudgedRoom>(this);
  private readonly units = new Ask<OccupancyGroups>(this);
  private readonly all = new Ask<OccupancyTotals>(this);
  private subject = "";
  private tinted = "";

  constructor() {
    super();
    this.verdicts = [];
    this.of_unit = null;
  }

  override willUpdate(): void {
    const subject = `${this.unit} ${this.place?.id}`;
    if (subject === this.subject) return;
    this.subject = subject;
    this.verdicts = [];
    this.of_unit = null;
    void this.tint(true);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.tinted = "";
    this.twin.desk.tint(null);
  }

  override render(): TemplateResult {
    const of = this.of;
    if (of === null) return html`<p class="quiet">${t("office.no_place")}</p>`;
    const scope: Query = { ...of, ...(this.of_unit ? { unit: this.of_unit } : {}) };
    const list = this.rooms.of(address("/occupancy", { ...scope, verdict: this.verdicts, limit: PAGE }), async (from) => {
      const page = await readOccupancyAt(from);
      return { entries: page.rooms, next: page.next, matched: page.numberMatched, exact: true };
    });
    const totals = this.all.of(JSON.stringify(scope), async () => (await readOccupancy({ ...scope, limit: 1 })).totals);
    return html`${answered(totals, () => this.all.forget(), (sums) => this.head(sums))} ${this.unitChoice(of)}
      <ul class="rows">${list.entries.map((room) => html`<li>${this.room(room)}</li>`)}</ul>
      ${following(list, () => void this.rooms.more())}`;
  }

  private get of(): Query | null {
    if (this.unit) return { unit: this.unit };
    return this.place ? { place: this.place.id } : null;
  }

  private head(totals: OccupancyTotals): TemplateResult {
    return html`<div class="sums">
        <div><b>${number(totals.rooms)}</b><span class="small">${t("office.rooms")}</span></div>
        <div><b>${number(totals.people)}</b><span class="small">${t("office.people")}</span></div>
        <div><b>${number(totals.area_m2, 0)}</b><span class="small">${t("office.area")}</span></div>
        <div><b>${number(totals.over_m2, 1)}</b><span class="small">${t("office.over")}</span></div>
      </div>
      ${totals.unplaced > 0 ? html`<p class="small">${t("office.unplaced", { count: totals.unplaced })}</p>` : nothing}
      <div class="filters" role="group" aria-label=${t("office.by_verdict")}>
        ${VERDICTS.filter((verdict) => totals.by_verdict[verdict]).map(
          (verdict) => html`<button aria-pressed=${this.verdicts.includes(verdict) ? "true" : "false"} @click=${() => this.toggle(verdict)}>${t(`verdict.${verdict}`)} ${number(totals.by_verdict[verdict] ?? 0)}</button>`,
        )}
      </div>
      ${this.twin.view ? html`<label class="tint"><input type="checkbox" .checked=${this.twin.desk.verdicts !== null} @change=${(event: Event) => void this.tint((event.target as HTMLInputElement).checked)} />${t("office.tint")}</label>` : nothing}`;
  }

  private unitChoice(of: Query): TemplateResult | typeof nothing {
    if (this.unit) return nothing;
    const state = this.units.of(JSON.stringify(of), () => readOccupancyTotals({ ...of, by: "unit" }));
    if (state.status !== "ready" || state.value.groups.length < 2) return nothing;
    return html`<select aria-label=${t("office.by_unit")} @change=${(event: Event) => (this.of_unit = (event.target as HTMLSelectElement).value || null)}>
      <option value="" ?selected=${this.of_unit === null}>${t("office.every_unit")}</option>
      ${state.value.groups.map(({ group, totals }) => (group.id === null ? nothing : html`<option value=${String(group.id)} ?selected=${String(group.id) === this.of_unit}>${group.name}${t("list.count", { count: totals.rooms })}</option>`))}
    </select>`;
  }

  private room(room: JudgedRoom): TemplateResult {
    const { verdict } = room;
    return html`<div class="line">
        <button class="link" @click=${() => this.twin.desk.showRecord({ kind: "room", key: room.key })}><b>${room.number ?? room.key}</b> ${room.name ?? ""}</button>
        ${verdictChip(verdict.code)}
      </div>
      <div class="areas">
        <div><span>${t("office.measured")}</span> ${area(room.area.measured_m2)}</div>
        <div><span>${t("office.declared")}</span> ${area(room.area.declared_m2)}</div>
        ${verdict.allowed_m2 === null ? nothing : html`<div><span>${t("office.allowed")}</span> ${area(verdict.allowed_m2)}</div>`}
      </div>
      ${room.people.length > 0 ? html`<div class="people">${room.people.map((sitter, at) => html`${at ? t("list.separator") : nothing}${this.sitter(sitter)}`)}</div>` : nothing}
      ${verdict.code === "not_an_office" ? nothing : html`<div class="why">${either(verdict)}</div>`}
      ${room.used_by ?? room.allocated_to ? html`<div class="small">${this.unitsOf(room)}</div>` : nothing}
      ${room.contradictions.map(({ code, message }) => html`<div class="small"><span class="chip warn" title=${code}>${this.twin.desk.meaning(code)}</span> <span lang="en">${message}</span></div>`)}`;
  }

  private sitter({ person, rank, second_office, in_post }: Sitter): TemplateResult {
    const notes = [rank ? either(rank) : null, second_office ? t("office.second") : null, in_post ? null : t("office.left")].filter(Boolean).join(" ");
    return html`${person ? html`<button class="link" @click=${() => this.twin.desk.showRecord({ kind: "person", key: person.key }, { fly: false })}>${person.name}</button>` : t("office.hidden_person")} <span class="small">${notes}</span>`;
  }

  private unitsOf({ allocated_to, used_by, used_otherwise }: JudgedRoom): unknown {
    if (!used_otherwise) return this.unitName(used_by ?? allocated_to);
    return html`${t("office.allocated_to")} ${this.unitName(allocated_to)} · ${t("office.used_by")} ${this.unitName(used_by)} <span class="chip warn">${t("office.used_otherwise")}</span>`;
  }

  private unitName(unit: UnitName | null): unknown {
    if (unit === null) return t("value.none");
    const { key } = unit;
    return key ? html`<button class="link" @click=${() => this.twin.desk.showRecord({ kind: "unit", key })}>${unit.name}</button>` : unit.name;
  }

  private toggle(verdict: Verdict): void {
    this.verdicts = this.verdicts.includes(verdict) ? this.verdicts.filter((one) => one !== verdict) : [...this.verdicts, verdict];
  }

  /** Every room of the scope, page by page, so that none in the picture lacks its tint. */
  private async tint(on: boolean): Promise<void> {
    const of = this.of;
    if (!on || of === null) {
      this.tinted = "";
      return this.twin.desk.tint(null);
    }
    const asked = JSON.stringify(of);
    this.tinted = asked;
    const found = new Map<string, Verdict>();
    let next: string | null = address("/occupancy", { ...around(of, this.place), limit: TINTED_A_TIME });
    try {
      while (next !== null) {
        const page: OccupancyPage = await readOccupancyAt(next);
        for (const room of page.rooms) for (const { feature } of room.spaces) found.set(feature, room.verdict.code);
        next = page.next;
      }
    } catch {
      return;
    }
    if (this.tinted === asked && this.isConnected) this.twin.desk.tint(found);
  }
}

function readOccupancyAt(path: string): Promise<OccupancyPage> {
  return readOccupancy({}, path);
}

/** A room is seen among the rooms of its storey. */
function around(of: Query, place: PlaceDocument | null): Query {
  const storey = place?.kind === "room" || place?.kind === "space" ? place.path.find(({ kind }) => kind === "storey") : undefined;
  return storey && of["place"] !== undefined ? { place: storey.id } : of;
}

customElements.define("twin-office", TwinOffice);
