/** A request through its steps: what was done, what may follow, who takes it; buttons for what is one's own to take. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";

import { Ask, outcome } from "../ask";
import { attachEvidence, evidenceOf, readRequest, takeStep, type NextStep, type RequestDocument } from "../registers";
import type { Failure } from "../service";
import type { Twin } from "../twin";
import { either, moment, t } from "../words";
import { asked, factFields, factsOf } from "./facts_form";
import { wrong } from "./failure";
import { look } from "./look";
import { stateWord } from "./request_line";
import { answered, sheet } from "./sheet";

export class TwinDecision extends LitElement {
  static override styles = [
    look,
    sheet,
    css`
      :host { display: grid; gap: 6px; }
      .steps { margin: 0; padding-left: 18px; }
      form { display: grid; gap: 6px; padding: 8px 10px; background: var(--wash); border-radius: 8px; }
      label { display: grid; gap: 2px; font-size: 13px; color: var(--quiet); }
      label > * { color: var(--ink); }
      .buttons { display: flex; flex-wrap: wrap; gap: 6px; }
      .others { margin: 0; padding-left: 18px; }
      .wrong { color: #b42318; margin: 0; }
    `,
  ];
  static override properties = { twin: { attribute: false }, number: { attribute: false }, sending: { state: true }, why: { state: true } };
  declare twin: Twin;
  declare number: number;
  declare sending: boolean;
  declare why: Failure | null;
  private readonly request = new Ask<RequestDocument>(this);

  constructor() {
    super();
    this.sending = false;
    this.why = null;
  }

  override render(): unknown {
    const state = this.request.of(String(this.number), () => readRequest(this.number));
    return answered(state, () => this.request.forget(), (request) => html`${this.done(request)} ${this.following(request)}`);
  }

  private done(request: RequestDocument): TemplateResult {
    return html`<ol class="steps small">${request.steps.map((step) => html`<li>${stateWord(step.to)} · ${step.who} · ${moment(step.at)}${step.note ? html` · ${step.note}` : nothing}</li>`)}</ol>
      ${evidenceOf(request).map((file) => html`<span class="small"><a href="/requests/${request.id}/evidence/${file.sha256}" download=${file.name}>${file.name}</a> · ${file.who}</span>`)}`;
  }

  private following(request: RequestDocument): TemplateResult | typeof nothing {
    const next = request.next ?? [];
    const mine = next.filter(({ allowed }) => allowed);
    const others = next.filter(({ allowed }) => !allowed);
    if (next.length === 0) return nothing;
    return html`${mine.length > 0 ? this.form(request, mine) : nothing}
      ${others.length > 0
        ? html`<div class="small">${t("decision.by_others")}</div>
            <ul class="others small">${others.map((step) => html`<li title=${step.refused ?? nothing}>${either(step)} — ${whose(step, request)}</li>`)}</ul>`
        : nothing}
      ${wrong(this.why)}`;
  }

  private form(request: RequestDocument, mine: NextStep[]): TemplateResult {
    const needs = [...new Set(mine.flatMap((step) => step.needs))];
    const some = mine.filter((step) => asked(step.needs).length > 0);
    const hint = some.length > 0 && some.length < mine.length ? t("decision.needed_by", { steps: some.map(either).join(t("list.separator")) }) : "";
    return html`<form @submit=${(event: SubmitEvent) => void this.take(event, request, mine)}>
      ${factFields(needs, false)} ${hint ? html`<span class="small">${hint}</span>` : nothing}
      <div class="buttons">
        ${mine.map((step) => html`<button class=${step.to === "approved" || step.to === "agreed" || step.to === "done" ? "primary" : ""} name="to" value=${step.to} ?disabled=${this.sending}>${either(step)}</button>`)}
        <label class="file"><span>${t("decision.attach")}</span><input type="file" accept=".pdf,.jpg,.jpeg,.png,.tif,.tiff,.webp,.docx,.xlsx,.txt,.csv" @change=${(event: Event) => void this.attach(event, request)} /></label>
      </div>
    </form>`;
  }

  private async take(event: SubmitEvent, request: RequestDocument, mine: NextStep[]): Promise<void> {
    event.preventDefault();
    const to = (event.submitter as HTMLButtonElement | null)?.value;
    const step = mine.find((one) => one.to === to);
    if (!step) return;
    await this.settle(() => takeStep(request.id, step.to, factsOf(event.target as HTMLFormElement, step.needs)));
  }

  private async attach(event: Event, request: RequestDocument): Promise<void> {
    const file = (event.target as HTMLInputElement).files?.[0];
    if (file) await this.settle(() => attachEvidence(request.id, file));
  }

  private async settle(ask: () => Promise<unknown>): Promise<void> {
    this.sending = true;
    const state = await outcome(ask);
    this.sending = false;
    this.why = state.status === "failed" ? state.why : null;
    if (state.status !== "ready") return;
    this.request.refresh();
    this.dispatchEvent(new Event("done"));
  }
}

/** Who takes a step, in words. */
export function whose({ by }: Pick<NextStep, "by">, { unit, applicant }: { unit: string | null; applicant: string }): string {
  if (by === "proposer") return t("decision.by_proposer", { who: applicant });
  if (by === "owner") return unit ? t("decision.by_owner", { unit }) : t("decision.by_bureau");
  if (by === "finance") return t("decision.by_finance");
  return t(by === "bureau" ? "decision.by_bureau" : "decision.by_writer");
}

/** The same of a step whose request is not filed yet. */
export function whoseLater({ by }: Pick<NextStep, "by">): string {
  return by === "owner" ? t("decision.by_unit") : whose({ by }, { unit: null, applicant: "" });
}

/** Under a request in a list: unfolded, its steps and what may follow. */
export function handled(twin: Twin, request: { id: number; closed_at: string | null }, done: () => void): TemplateResult {
  return html`<details @toggle=${(event: Event) => unfold(event, twin, request.id, done)}>
    <summary class="small">${t(request.closed_at === null ? "decision.handle" : "decision.steps")}</summary>
  </details>`;
}

/** Asked for only when it is looked at. */
function unfold(event: Event, twin: Twin, number: number, done: () => void): void {
  const details = event.target as HTMLDetailsElement;
  if (!details.open || details.querySelector("twin-decision")) return;
  const decision = document.createElement("twin-decision") as TwinDecision;
  Object.assign(decision, { twin, number });
  decision.addEventListener("done", done);
  details.append(decision);
}

customElements.define("twin-decision", TwinDecision);
