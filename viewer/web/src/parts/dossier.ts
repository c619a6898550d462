/** The dossier of a record: what is known of it on a day, where it stands and why, its history, and what is asked to be corrected. */

import { css, html, nothing, type TemplateResult } from "lit";

import { Ask, type Loaded } from "../ask";
import { drawn, readDossier, type Dossier, type FieldDocument, type RecordName } from "../registers";
import { either, t } from "../words";
import { findings, heldFields, links, otherColumns, whyHere } from "./dossier_facts";
import { look } from "./look";
import { Part } from "./part";
import { answered, sheet, tabs } from "./sheet";
import { timeline } from "./timeline";
import "./correction";
import "./energy";
import "./inventory";
import "./life";
import "./move";
import "./office";
import "./unit";

const OF_EVERY = ["facts", "history", "corrections"] as const;
const OF_A_UNIT = ["facts", "entitlement", "office", "assets", "people", "energy", "move", "history", "corrections"] as const;
const OF_A_PLACE = ["facts", "office", "assets", "history", "corrections"] as const;
const OF_AN_ASSET = ["facts", "life", "history", "corrections"] as const;
type Sheet = (typeof OF_A_UNIT)[number] | (typeof OF_AN_ASSET)[number];

export class TwinDossier extends Part {
  static override styles = [
    look,
    sheet,
    css`
      :host { display: flex; flex-direction: column; min-height: 0; }
      header { padding: 12px 16px 10px; border-bottom: 1px solid var(--line); display: grid; gap: 7px; }
      .top { display: flex; gap: 6px; align-items: flex-start; }
      .top h2 { flex: 1; overflow-wrap: anywhere; }
      .top button { margin: -3px -6px 0 0; }
      .what { display: flex; flex-wrap: wrap; gap: 4px 8px; align-items: baseline; }
      .badge { background: var(--accent-wash); color: var(--accent-strong); border-radius: 5px; padding: 1px 7px; font-size: 13px; font-weight: 600; }
      .when { display: grid; grid-template-columns: auto 1fr; gap: 5px 8px; align-items: center; font-size: 13px; }
      .when label { display: contents; }
      .when input { font-size: 13px; padding: 2px 6px; }
      .when summary { cursor: pointer; color: var(--quiet); font-size: 13px; }
      details.dates[open] summary { margin-bottom: 6px; }
      .body { overflow: auto; padding: 2px 16px 20px; flex: 1; overscroll-behavior: contain; }
      .actions { display: flex; flex-wrap: wrap; gap: 8px; }
      section { padding: 12px 0; border-bottom: 1px solid var(--line); }
      .body > section:last-child { border-bottom: none; }
      .fields { margin: 4px 0 0; }
      .fields details > summary { list-style: none; display: grid; grid-template-columns: minmax(92px, 34%) 1fr 14px; gap: 10px; padding: 4px 0; cursor: pointer; align-items: baseline; border-radius: 4px; }
      .field { position: relative; }
      .field > .link { position: absolute; top: 4px; left: calc(max(92px, 34%) + 10px); }
      .field .under { visibility: hidden; }
      .fields details > summary:hover { background: var(--wash); }
      .fields details > summary::after { content: "›"; color: var(--quiet); text-align: center; }
      .fields details[open] > summary::after { rotate: 90deg; }
      .fields .name { color: var(--quiet); overflow-wrap: anywhere; }
      .fields .held { overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
      .origin { background: var(--wash); border-radius: 7px; padding: 7px 10px; margin: 2px 0 6px; display: grid; gap: 2px; font-size: 13px; overflow-wrap: anywhere; }
      dl { margin: 5px 0 0; display: grid; gap: 4px; }
      dl > div { display: grid; grid-template-columns: minmax(92px, 34%) 1fr; gap: 10px; }
      dt { color: var(--quiet); }
      dd { margin: 0; overflow-wrap: anywhere; }
      .time { list-style: none; margin: 12px 0 0 6px; padding: 0; border-left: 2px solid var(--line-strong); }
      .time li { position: relative; padding: 0 0 14px 16px; display: grid; gap: 2px; }
      .time li::before { content: ""; position: absolute; left: -6px; top: 6px; width: 10px; height: 10px; border-radius: 50%; background: var(--accent); border: 2px solid var(--paper); box-sizing: border-box; }
      .time li.later::before { background: var(--warm); }
      ins { text-decoration: none; font-weight: 600; }
    `,
  ];
  static override properties = { ...Part.properties, name: { attribute: false }, sheet: { state: true }, as_of: { state: true }, known_at: { state: true }, asked: { state: true } };
  declare name: RecordName;
  declare sheet: Sheet;
  declare as_of: string | null;
  declare known_at: string | null;
  /** The field that a correction is being written for. */
  declare asked: FieldDocument | null;
  private readonly dossier = new Ask<Dossier>(this);
  private state: Loaded<Dossier> = { status: "loading" };
  private shown = "";

  constructor() {
    super();
    this.sheet = "facts";
    this.as_of = null;
    this.known_at = null;
    this.asked = null;
  }

  override willUpdate(): void {
    const now = `${this.name.kind}/${this.name.key}`;
    if (now === this.shown) return;
    this.shown = now;
    this.asked = null;
    if (!this.sheets.includes(this.sheet)) this.sheet = "facts";
  }

  override updated(): void {
    super.updated();
    if (this.state.status === "ready") this.twin.desk.arrive(this.name, this.state.value.place, titleOf(this.state.value));
  }

  override render(): TemplateResult {
    const { desk } = this.twin;
    const kind = desk.kinds.get(this.name.kind);
    if (!kind) return html`${this.plainHead()}<div class="body"><p role="alert">${t("failure.not_found", { what: this.name.key })}</p></div>`;
    const { as_of, known_at } = this;
    const state = (this.state = this.dossier.of(`${this.shown} ${as_of} ${known_at}`, () => readDossier(kind, this.name.key, { as_of, known_at })));
    if (state.status !== "ready") return html`${this.plainHead()}<div class="body">${answered(state, () => this.dossier.forget(), () => nothing)}</div>`;
    const dossier = state.value;
    const choices = this.sheets.map((name) => ({ name, label: t(`dossier.${name}`) }));
    return html`${this.head(dossier)} ${tabs(t("dossier.sheets"), choices, this.sheet, (name) => (this.sheet = name))}
      <div class="body" role="tabpanel" tabindex="0" aria-label=${t(`dossier.${this.sheet}`)}>${this.content(dossier)}</div>`;
  }

  private get sheets(): readonly Sheet[] {
    if (this.name.kind === "unit") return OF_A_UNIT;
    if (this.name.kind === "asset") return OF_AN_ASSET;
    return this.name.kind === "building" || this.name.kind === "room" ? OF_A_PLACE : OF_EVERY;
  }

  private plainHead(): TemplateResult {
    return html`<header><div class="top">${this.backButton()}<h2>${this.name.key}</h2>${this.closeButton()}</div></header>`;
  }

  private head(dossier: Dossier): TemplateResult {
    const { desk } = this.twin;
    const kind = desk.kinds.get(dossier.kind);
    return html`<header>
      <div class="top">${this.backButton()}<h2 aria-live="polite">${titleOf(dossier)}</h2>${this.closeButton()}</div>
      <div class="what">
        <span class="badge">${either(kind ?? { zh: dossier.kind, en: dossier.kind })}</span><code>${dossier.key}</code>
        ${dossier.ended ? html`<span class="chip warn">${t("dossier.ended", { day: dossier.ended })}</span>` : nothing}
        ${dossier.findings.length > 0 ? html`<span class="chip warn">${t("dossier.findings_count", { count: dossier.findings.length })}</span>` : nothing}
      </div>
      <details class="dates" ?open=${this.as_of !== null || this.known_at !== null}>
        <summary class="small">${t("dossier.as_it_was", { day: dossier.as_of })}</summary>
        <div class="when">
          <label><span>${t("dossier.as_of")}</span><input type="date" name="as_of" .value=${this.as_of ?? ""} @change=${(event: Event) => (this.as_of = (event.target as HTMLInputElement).value || null)} /></label>
          <label><span>${t("dossier.known_at")}</span><input type="datetime-local" name="known_at" .value=${this.known_at?.slice(0, 16) ?? ""} @change=${(event: Event) => (this.known_at = instant((event.target as HTMLInputElement).value))} /></label>
        </div>
      </details>
      ${drawn(dossier.place) ? html`<div class="actions"><button class="fly" @click=${() => dossier.place && void desk.goTo(dossier.place, titleOf(dossier))}>${t("action.fly")}</button></div>` : nothing}
    </header>`;
  }

  private content(dossier: Dossier): unknown {
    const { twin } = this;
    switch (this.sheet) {
      case "facts":
        return html`${whyHere(twin, dossier)} ${heldFields(twin, dossier, (field) => this.ask(field), twin.desk.may("file_request"))} ${findings(twin, dossier)} ${links(dossier)} ${otherColumns(dossier)}`;
      case "history":
        return timeline(dossier, (day) => (this.as_of = day));
      case "corrections":
        return html`<twin-correction .twin=${twin} .dossier=${dossier} .field=${this.asked} @done=${() => this.dossier.refresh()}></twin-correction>`;
      case "office":
        return html`<twin-office .twin=${twin} .unit=${this.unit} .place=${dossier.place}></twin-office>`;
      case "assets":
        return html`<twin-inventory .twin=${twin} .unit=${this.unit} .place=${dossier.place}></twin-inventory>`;
      case "life":
        return html`<twin-life .twin=${twin} .asset=${dossier.key} @done=${() => this.dossier.refresh()}></twin-life>`;
      case "energy":
        return html`<twin-energy .twin=${twin} .unit=${dossier.key}></twin-energy>`;
      case "move":
        return html`<twin-move .twin=${twin} .unit=${dossier.key}></twin-move>`;
      default:
        return html`<twin-unit .twin=${twin} .unit=${dossier.key} .about=${this.sheet}></twin-unit>`;
    }
  }

  private get unit(): string | null {
    return this.name.kind === "unit" ? this.name.key : null;
  }

  private ask(field: FieldDocument): void {
    this.asked = field;
    this.sheet = "corrections";
  }

  private backButton(): TemplateResult {
    return html`<button class="plain back" aria-label=${t("action.back")} title=${t("action.back")} @click=${() => this.twin.desk.back()}>‹</button>`;
  }

  private closeButton(): TemplateResult {
    return html`<button class="plain" aria-label=${t("action.close")} title=${t("action.close")} @click=${() => this.twin.desk.close()}>✕</button>`;
  }
}

function titleOf({ fields, key }: Dossier): string {
  const named = (name: string): string | null => {
    const value = fields.find((field) => field.name === name)?.value;
    return typeof value === "string" && value ? value : null;
  };
  return [named("number"), named("name") ?? named("plate")].filter(Boolean).join(" ") || key;
}

/** A local time of the reader as an instant. */
function instant(local: string): string | null {
  const time = new Date(local);
  return local && !Number.isNaN(time.valueOf()) ? time.toISOString() : null;
}

customElements.define("twin-dossier", TwinDossier);
