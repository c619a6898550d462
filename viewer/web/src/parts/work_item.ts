/** One item of the work list: both sides, the link between them with its evidence, and what a person may decide. */

import { css, html, nothing, type TemplateResult } from "lit";

import { outcome } from "../ask";
import { readSpaceFindings, type PlannerFinding } from "../planner";
import { address, attachEvidence, fileRequest, takeStep } from "../registers";
import type { Failure } from "../service";
import { className, day, either, moment, t, title } from "../words";
import { settleWork, type SideFeature, type SideRecord, type WorkItem } from "../work";
import "./decision";
import { wrong } from "./failure";
import { look } from "./look";
import { Part } from "./part";
import { area, sheet, written } from "./sheet";
import { tie } from "./tie";

const TIED = new Set(["room", "asset", "building"]);
/** Kind of record → kind of feature that it is. */
const COUNTERPART: Record<string, string> = { room: "space", asset: "element", building: "building" };
const NONE = "";
const FREE = 200;
const CHOSEN = "choice";

interface Candidate { id: string; words: string }

export class TwinWorkItem extends Part {
  static override styles = [
    look,
    sheet,
    css`
      :host { display: grid; gap: 6px; }
      .sides { display: grid; grid-template-columns: 1fr 1fr; gap: 8px; }
      .side { background: var(--wash); border-radius: 8px; padding: 7px 10px; display: grid; gap: 3px; align-content: start; min-width: 0; }
      .side h4 { margin: 0; font-size: 12px; font-weight: 600; color: var(--quiet); }
      dl { margin: 0; display: grid; grid-template-columns: auto 1fr; gap: 0 8px; font-size: 13px; }
      dt { color: var(--quiet); white-space: nowrap; }
      dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
      details summary { cursor: pointer; color: var(--accent-strong); }
      form { display: grid; gap: 8px; margin-top: 6px; padding: 10px 12px; border: 1px solid var(--line); border-radius: 8px; }
      fieldset { border: none; margin: 0; padding: 0; display: grid; gap: 4px; }
      legend { font-size: 13px; color: var(--quiet); padding: 0; }
      form label { display: grid; gap: 2px; font-size: 13px; color: var(--quiet); }
      form label > * { color: var(--ink); }
      fieldset label { display: flex; gap: 8px; align-items: baseline; color: var(--ink); }
      .buttons { display: flex; flex-wrap: wrap; gap: 8px; }
      .wrong { color: #b42318; margin: 0; }
      @media (max-width: 480px) { .sides { grid-template-columns: 1fr; } }
    `,
  ];
  static override properties = { ...Part.properties, item: { attribute: false }, sending: { state: true }, why: { state: true }, free: { state: true }, picked: { state: true } };
  declare item: WorkItem;
  declare sending: boolean;
  declare why: Failure | null;
  /** Rooms of the building's model that no record is tied to, once asked for. */
  declare free: Candidate[] | null;
  /** What was taken from the picture. */
  declare picked: Candidate | null;

  constructor() {
    super();
    this.sending = false;
    this.why = null;
    this.free = null;
    this.picked = null;
  }

  override render(): TemplateResult {
    const { item, twin } = this;
    const { desk } = twin;
    return html`<div class="line"><span title=${item.code}>${desk.meaning(item.code)}</span><span class="small number">${t("differences.since", { day: day(item.since.slice(0, 10)) })}</span></div>
      ${item.records.length + item.features.length === 0 ? nothing : this.sides()}
      <span class="small" lang="en">${item.message}</span>
      ${item.links.map((link) => html`<span class="small"><span class="chip ${link.until === null ? "cool" : "warn"}">${t(link.until === null ? "worklist.tied" : "worklist.was_tied")}</span> ${tie(link)} · ${link.who} · ${moment(link.since)}</span>`)}
      ${item.closed_by ? html`<span class="small">${item.closed_by}</span>` : nothing}
      ${item.requests.map((asked) => html`<div class="side"><span class="small">${t("worklist.proposed", { number: asked.id, who: asked.applicant, choice: asked.choice === null ? t("worklist.none_of_them") : this.nameOf(asked.choice) })}</span><twin-decision .twin=${twin} .number=${asked.id} @done=${() => this.done()}></twin-decision></div>`)}
      ${item.state === "open" ? this.ways() : nothing}
      ${wrong(this.why)}`;
  }

  private sides(): TemplateResult {
    const { records, features } = this.item;
    return html`<div class="sides">
      <div class="side"><h4>${t("worklist.register")}</h4>${records.length === 0 ? html`<span class="quiet">${t("worklist.no_record")}</span>` : records.map((record) => this.record(record))}</div>
      <div class="side"><h4>${t("worklist.model")}</h4>${features.length === 0 ? html`<span class="quiet">${t("worklist.no_feature")}</span>` : features.map((feature) => this.feature(feature))}</div>
    </div>`;
  }

  private record(record: SideRecord): TemplateResult {
    return html`<button class="link" @click=${() => this.twin.desk.showRecord(record)}>${record.title}</button>
      <dl>${record.values.filter(({ name }) => name !== "name" || record.values.length < 3).map((value) => html`<dt>${either(value)}</dt><dd>${value.name === "usable_area" && typeof value.value === "number" ? area(value.value) : written(value.value, value.words, value.unit)}</dd>`)}</dl>
      <code>${record.key}</code>`;
  }

  private feature(feature: SideFeature): TemplateResult {
    const name = title(feature.name, feature.long_name);
    return html`${feature.stands ? html`<button class="link" title=${t("action.fly")} @click=${() => void this.look(feature)}>${name}</button>` : html`<span><s>${name}</s> <span class="chip warn">${t("worklist.gone")}</span></span>`}
      <dl>
        <dt>${t("worklist.kind")}</dt><dd>${className(feature.class) ?? feature.class}</dd>
        ${feature.above.length > 0 ? html`<dt>${t("dossier.where")}</dt><dd>${feature.above.join(" › ")}</dd>` : nothing}
        ${feature.area_m2 === null ? nothing : html`<dt>${t("worklist.area")}</dt><dd>${area(feature.area_m2)}</dd>`}
      </dl>`;
  }

  private async look(feature: SideFeature): Promise<void> {
    if (feature.storey && feature.kind === "space") await this.twin.openStorey(feature.storey, { fly: false });
    await this.twin.focus(feature.id);
  }

  private nameOf(id: string): string {
    const found = this.item.features.find((one) => one.id === id);
    return found ? title(found.name, found.long_name) : id;
  }

  /** What one may do: say which it is, or that the item is right as it stands. */
  private ways(): TemplateResult {
    const { item } = this;
    const { desk } = this.twin;
    const record = item.records[0];
    const decidable = item.family !== "position" && record !== undefined && TIED.has(record.kind) && item.requests.length === 0 && desk.may("file_request");
    return html`${decidable && record ? this.proposal(record) : nothing} ${desk.may("decide_link") ? this.settlement() : nothing}`;
  }

  private proposal(first: SideRecord): TemplateResult {
    const { records } = this.item;
    const chosen = this.twin.details.status === "ready" ? this.twin.details.feature : null;
    const fits = chosen !== null && chosen.kind === COUNTERPART[first.kind];
    const candidates: Candidate[] = [...this.candidates(first), ...(this.picked ? [this.picked] : [])];
    const decides = this.twin.desk.session?.role === "administrator";
    return html`<details class="propose">
      <summary>${t("worklist.decide")}</summary>
      <form @submit=${(event: SubmitEvent) => void this.propose(event, candidates)}>
        ${records.length > 1 ? html`<label>${t("worklist.which_record")}<select name="record">${records.map((record) => html`<option value=${record.key}>${record.title} · ${record.key}</option>`)}</select></label>` : nothing}
        <fieldset>
          <legend>${t("worklist.which")}</legend>
          ${candidates.map((one, at) => html`<label><input type="radio" name=${CHOSEN} value=${one.id} required ?checked=${at === candidates.length - 1 && this.picked !== null} />${one.words}</label>`)}
          ${candidates.length > 0 ? html`<label><input type="radio" name=${CHOSEN} value=${NONE} required />${t("worklist.none_of_them")}</label>` : html`<span class="small">${t("worklist.no_candidate")}</span>`}
          <div class="buttons">
            ${fits ? html`<button type="button" @click=${() => (this.picked = { id: chosen.id, words: title(chosen.name, chosen.long_name) })}>${t("worklist.take_selected", { name: title(chosen.name, chosen.long_name) })}</button>` : nothing}
            ${first.kind === "room" && this.free === null ? html`<button type="button" @click=${() => void this.findFree(first)}>${t("worklist.find_free")}</button>` : nothing}
          </div>
          ${this.free === null ? nothing : html`<label>${t("worklist.free", { count: this.free.length })}<select name="free" @change=${(event: Event) => this.pick((event.target as HTMLSelectElement).value)}><option value="">${t("worklist.choose")}</option>${this.free.map((one) => html`<option value=${one.id}>${one.words}</option>`)}</select></label>`}
        </fieldset>
        <label>${t("correction.evidence")}<textarea name="evidence" required maxlength="2000"></textarea></label>
        <label>${t("correction.files")}<input name="files" type="file" multiple accept=".pdf,.jpg,.jpeg,.png,.tif,.tiff,.webp,.docx,.xlsx,.txt,.csv" /></label>
        <div class="buttons">
          <button class="primary" name="how" value=${decides ? "decide" : "file"} ?disabled=${this.sending || candidates.length === 0}>${t(decides ? "worklist.decide_now" : "worklist.file")}</button>
        </div>
      </form>
    </details>`;
  }

  private candidates(first: SideRecord): Candidate[] {
    const kind = COUNTERPART[first.kind];
    return this.item.features
      .filter((one) => one.stands && (one.kind === kind || (kind === "building" && one.kind === "city_object")) && one.id !== this.picked?.id)
      .map((one) => ({ id: one.id, words: [...one.above, title(one.name, one.long_name), one.area_m2 === null ? "" : area(one.area_m2)].filter(Boolean).join(" ") }));
  }

  private settlement(): TemplateResult {
    return html`<details>
      <summary>${t("worklist.settle")}</summary>
      <form @submit=${(event: SubmitEvent) => void this.settle(event)}>
        <span class="small">${t("worklist.settle_note")}</span>
        <label>${t("fact.reason")}<input name="note" required maxlength="2000" autocomplete="off" /></label>
        <div><button ?disabled=${this.sending}>${t("worklist.settle_now")}</button></div>
      </form>
    </details>`;
  }

  /** The rooms that the model of its building has and no register names. */
  private async findFree({ place }: SideRecord): Promise<void> {
    const building = place?.path.find(({ kind }) => kind === "building");
    if (!building) return void (this.free = []);
    const page = await outcome(() => readSpaceFindings(address("/occupancy/findings", { place: building.id, code: "SPACE_NOT_REGISTERED", limit: FREE })));
    this.why = page.status === "failed" ? page.why : null;
    this.free = page.status === "ready" ? page.value.findings.flatMap(candidate) : null;
  }

  private pick(id: string): void {
    this.picked = this.free?.find((one) => one.id === id) ?? null;
  }

  private async propose(event: SubmitEvent, candidates: Candidate[]): Promise<void> {
    event.preventDefault();
    const given = new FormData(event.target as HTMLFormElement);
    const record = this.item.records.find(({ key }) => key === given.get("record")) ?? this.item.records[0];
    const choice = String(given.get(CHOSEN) ?? NONE) || null;
    if (!record) return;
    const evidence = String(given.get("evidence") ?? "");
    const files = given.getAll("files").filter((one): one is File => one instanceof File && one.size > 0);
    const decides = (event.submitter as HTMLButtonElement | null)?.value === "decide";
    const site = this.item.features[0]?.site ?? this.twin.site?.code ?? null;
    await this.send(async () => {
      const request = await fileRequest("link_decision", { record: { kind: record.kind, key: record.key }, candidates: candidates.map(({ id }) => id), choice, site, evidence });
      for (const file of files) await attachEvidence(request.id, file);
      if (decides) await takeStep(request.id, "approved", { reason: evidence });
    });
  }

  private async settle(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const note = String(new FormData(event.target as HTMLFormElement).get("note") ?? "");
    await this.send(() => settleWork(this.item.item, note));
  }

  private async send(ask: () => Promise<unknown>): Promise<void> {
    this.sending = true;
    const state = await outcome(ask);
    this.sending = false;
    this.why = state.status === "failed" ? state.why : null;
    if (state.status === "ready") this.done();
  }

  private done(): void {
    const { selected, site } = this.twin;
    if (site) void this.twin.desk.featureChanged(site.code, selected);
    this.dispatchEvent(new Event("done"));
  }
}

/** A room of the model that no register has, as a finding tells of it. */
function candidate({ facts, message }: PlannerFinding & { facts?: { feature?: string } }): Candidate[] {
  return facts?.feature ? [{ id: facts.feature, words: message.split(":")[0] ?? facts.feature }] : [];
}

customElements.define("twin-work-item", TwinWorkItem);
