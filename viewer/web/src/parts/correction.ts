/** Corrections of a record: one is proposed with its evidence, the owning unit decides, and what was decided can be taken back. */

import { css, html, nothing, type TemplateResult } from "lit";

import { Ask, outcome } from "../ask";
import { attachEvidence, fileRequest, readRequest, revertRequest, takeStep, type Dossier, type FieldDocument, type NextStep, type RequestDocument } from "../registers";
import type { Failure, Json } from "../service";
import { either, moment, t } from "../words";
import { wrong } from "./failure";
import { look } from "./look";
import { Part } from "./part";
import { requestLine, stateWord } from "./request_line";
import { answered, sheet, written } from "./sheet";

const WHOLE = new Set(["integer", "money"]);
const REASON = "reason";

export class TwinCorrection extends Part {
  static override styles = [
    look,
    sheet,
    css`
      form { display: grid; gap: 9px; padding: 12px 0; border-bottom: 1px solid var(--line); }
      form label { display: grid; gap: 3px; font-size: 13px; color: var(--quiet); }
      form label > * { color: var(--ink); font-size: 14px; }
      .steps { margin: 6px 0 0; padding-left: 18px; }
      .decide { display: grid; gap: 6px; margin-top: 6px; }
      .decide div { display: flex; flex-wrap: wrap; gap: 6px; }
      .said { color: var(--accent-strong); }
      .wrong { color: #b42318; margin: 8px 0; }
    `,
  ];
  static override properties = { ...Part.properties, dossier: { attribute: false }, field: { attribute: false }, sending: { state: true }, why: { state: true }, said: { state: true } };
  declare dossier: Dossier;
  declare field: FieldDocument | null;
  declare sending: boolean;
  declare why: Failure | null;
  declare said: string;
  private readonly open = new Map<number, Ask<RequestDocument>>();

  constructor() {
    super();
    this.sending = false;
    this.why = null;
    this.said = "";
  }

  override render(): TemplateResult {
    const { dossier, twin } = this;
    return html`${twin.desk.may("file_request") ? this.form() : html`<p class="small">${t("correction.not_allowed")}</p>`}
      <p class="said" role="status">${this.said}</p>
      ${wrong(this.why)}
      <h3>${t("correction.requests")}</h3>
      ${dossier.requests.length === 0 ? html`<p class="quiet">${t("list.empty")}</p>` : nothing}
      <ul class="rows">
        ${dossier.requests.map((request) => html`<li>${requestLine(twin, request)} ${this.steps(request)} ${this.decision(request)}</li>`)}
      </ul>`;
  }

  private form(): TemplateResult {
    const { dossier, field } = this;
    const chosen = field ?? dossier.fields[0];
    return html`<form @submit=${(event: SubmitEvent) => void this.file(event)}>
      <h3>${t("correction.title")}</h3>
      <label>${t("correction.field")}
        <select name="field" @change=${(event: Event) => (this.field = dossier.fields.find(({ name }) => name === (event.target as HTMLSelectElement).value) ?? null)}>
          ${dossier.fields.map((one) => html`<option value=${one.name} ?selected=${one.name === chosen?.name}>${either(one)}</option>`)}
        </select>
      </label>
      <div class="small">${t("correction.now", { value: chosen ? written(chosen.value, chosen.words, chosen.unit) : "" })}</div>
      <label>${t("correction.value")}<input name="value" autocomplete="off" type=${chosen?.type === "date" ? "date" : "text"} inputmode=${WHOLE.has(chosen?.type ?? "") ? "numeric" : nothing} />${chosen?.type === "money" ? html`<span class="small">${t("correction.fen")}</span>` : nothing}</label>
      <label>${t("correction.valid_from")}<input name="valid_from" type="date" /></label>
      <label>${t("correction.evidence")}<textarea name="evidence" required maxlength="4000"></textarea></label>
      <label>${t("correction.files")}<input name="files" type="file" multiple accept=".pdf,.jpg,.jpeg,.png,.tif,.tiff,.webp,.docx,.xlsx,.txt,.csv" /></label>
      <div><button class="primary" ?disabled=${this.sending}>${t("correction.file")}</button></div>
    </form>`;
  }

  private steps({ steps }: RequestDocument): TemplateResult {
    return html`<ol class="steps small">${steps.map((step) => html`<li>${stateWord(step.to)} · ${step.who} · ${moment(step.at)}${step.note ? html` · ${step.note}` : nothing}</li>`)}</ol>`;
  }

  private decision(request: RequestDocument): TemplateResult | typeof nothing {
    const { desk } = this.twin;
    if (request.kind === "correction" && request.state === "done" && desk.may("decide_request")) {
      return html`<form class="decide" @submit=${(event: SubmitEvent) => void this.revert(event, request)}>
        <label>${t("correction.reason")}<input name="reason" required autocomplete="off" /></label>
        <div><button ?disabled=${this.sending}>${t("correction.revert")}</button></div>
      </form>`;
    }
    if (request.closed_at !== null) return nothing;
    const ask = this.open.get(request.id) ?? new Ask<RequestDocument>(this);
    this.open.set(request.id, ask);
    const state = ask.of(`${request.id} ${request.state} ${request.steps.length}`, () => readRequest(request.id));
    return html`${answered(state, () => ask.forget(), ({ next }) => this.choices(request, (next ?? []).filter((step) => this.mine(step, request))))}`;
  }

  private choices(request: RequestDocument, next: NextStep[]): TemplateResult | typeof nothing {
    if (next.length === 0) return nothing;
    return html`<form class="decide" @submit=${(event: SubmitEvent) => void this.take(event, request, next)}>
      ${next.some(({ needs }) => needs.includes(REASON)) ? html`<label>${t("correction.reason")}<input name="reason" autocomplete="off" /></label>` : nothing}
      <div>${next.map((step) => html`<button name="to" value=${step.to} ?disabled=${this.sending}>${either(step)}</button>`)}</div>
    </form>`;
  }

  /** Whose step it is, as far as the page can tell; the service decides. */
  private mine({ by }: NextStep, { applicant }: RequestDocument): boolean {
    const { desk } = this.twin;
    return by === "proposer" ? desk.session?.name === applicant : desk.may("decide_request");
  }

  private async file(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const given = new FormData(form);
    const { kind, key } = this.dossier;
    const field = this.dossier.fields.find(({ name }) => name === given.get("field"));
    if (!field) return;
    const valid_from = String(given.get("valid_from") ?? "");
    const payload = { record: { kind, key }, field: field.name, value: typed(String(given.get("value") ?? ""), field.type), evidence: String(given.get("evidence") ?? "") };
    const files = given.getAll("files").filter((one): one is File => one instanceof File && one.size > 0);
    let filed = false;
    const whole = await this.settle(async () => {
      let request = await fileRequest("correction", valid_from ? { ...payload, valid_from } : payload);
      filed = true;
      for (const file of files) request = await attachEvidence(request.id, file);
      return request;
    }, t("correction.filed"));
    if (filed) form.reset();
    if (filed && !whole) this.dispatchEvent(new Event("done"));
  }

  private async take(event: SubmitEvent, request: RequestDocument, next: NextStep[]): Promise<void> {
    event.preventDefault();
    const to = (event.submitter as HTMLButtonElement | null)?.value;
    if (!to || !next.some((step) => step.to === to)) return;
    const reason = String(new FormData(event.target as HTMLFormElement).get(REASON) ?? "").trim();
    await this.settle(() => takeStep(request.id, to, reason ? { reason } : {}), t("correction.taken"));
  }

  private async revert(event: SubmitEvent, request: RequestDocument): Promise<void> {
    event.preventDefault();
    const reason = String(new FormData(event.target as HTMLFormElement).get(REASON) ?? "");
    await this.settle(() => revertRequest(request.id, reason), t("correction.taken"));
  }

  private async settle(ask: () => Promise<RequestDocument>, said: string): Promise<boolean> {
    this.sending = true;
    const state = await outcome(ask);
    this.sending = false;
    this.why = state.status === "failed" ? state.why : null;
    this.said = state.status === "ready" ? said : "";
    if (state.status === "ready") this.dispatchEvent(new Event("done"));
    return state.status === "ready";
  }
}

/** What was typed as a value of the column; nothing typed empties it. */
function typed(text: string, type: string): Json {
  const trimmed = text.trim();
  if (trimmed === "") return null;
  if (type === "boolean") return trimmed === "true" || trimmed === t("value.yes") ? true : trimmed === "false" || trimmed === t("value.no") ? false : trimmed;
  const number = Number(trimmed);
  return (WHOLE.has(type) || type === "number") && Number.isFinite(number) ? number : trimmed;
}

customElements.define("twin-correction", TwinCorrection);
