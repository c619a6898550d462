/** The life of an asset: its state, the steps that lead on as buttons, those that are refused with the reason, and what is asked for it. */

import { css, html, nothing, type TemplateResult } from "lit";

import { Ask, outcome } from "../ask";
import { fileRequest } from "../registers";
import type { Failure } from "../service";
import { either, t, type Key } from "../words";
import { readAssetSteps, takeAssetStep, type AssetSteps, type LifeStep } from "../work";
import { whoseLater } from "./decision";
import { factFields, factsOf } from "./facts_form";
import { wrong } from "./failure";
import { look } from "./look";
import { Part } from "./part";
import { kindWord, stateWord } from "./request_line";
import { answered, sheet } from "./sheet";

/** What a request of a kind is filed with, beside its assets; what a later step needs is told then. */
const FILED: Record<string, string[]> = { disposal: ["disposal", "reason"], loan: ["borrower", "until", "reason"], pooling: ["reason"], transfer: ["unit", "keeper", "reason"] };
const REASONS = new Set(["STEP_BY_ANOTHER", "STEP_BLOCKED", "FORBIDDEN"]);

export class TwinLife extends Part {
  static override styles = [
    look,
    sheet,
    css`
      :host { display: block; padding-bottom: 8px; }
      h3 { margin-top: 16px; }
      .now { display: flex; gap: 10px; align-items: baseline; margin: 12px 0 0; }
      .steps { display: flex; flex-wrap: wrap; gap: 8px; margin-top: 8px; }
      .steps button[aria-expanded="true"] { background: var(--accent-wash); border-color: var(--accent); color: var(--accent-strong); font-weight: 600; }
      form { display: grid; gap: 8px; margin-top: 10px; padding: 10px 12px; background: var(--wash); border-radius: 8px; }
      form p { margin: 0; }
      label { display: grid; gap: 2px; font-size: 13px; color: var(--quiet); }
      label > * { color: var(--ink); }
      .wrong { color: #b42318; margin: 8px 0 0; }
      .said { color: var(--accent-strong); margin: 8px 0 0; }
    `,
  ];
  static override properties = { ...Part.properties, asset: { attribute: false }, chosen: { state: true }, sending: { state: true }, why: { state: true }, said: { state: true } };
  declare asset: string;
  declare chosen: string | null;
  declare sending: boolean;
  declare why: Failure | null;
  declare said: string;
  private readonly life = new Ask<AssetSteps>(this);
  private shown = "";

  constructor() {
    super();
    this.chosen = null;
    this.sending = false;
    this.why = null;
    this.said = "";
  }

  override willUpdate(): void {
    if (this.shown === this.asset) return;
    this.shown = this.asset;
    Object.assign(this, { chosen: null, why: null, said: "" });
  }

  override render(): unknown {
    return answered(this.life.of(this.asset, () => readAssetSteps(this.asset)), () => this.life.forget(), (life) => this.content(life));
  }

  private content(life: AssetSteps): TemplateResult {
    const takable = life.steps.filter(({ how }) => how !== "refused");
    const refused = life.steps.filter(({ how }) => how === "refused");
    const chosen = takable.find(({ to }) => to === this.chosen);
    return html`<p class="now"><span class="quiet">${t("life.now")}</span><b>${life.words ? either(life.words) : t("life.no_state")}</b></p>
      <h3>${t("life.next")}</h3>
      ${takable.length === 0 ? html`<p class="quiet">${t(life.steps.length === 0 ? "life.at_end" : "life.none_yours")}</p>` : nothing}
      <div class="steps">
        ${takable.map((step) => html`<button aria-expanded=${step.to === this.chosen ? "true" : "false"} @click=${() => (this.chosen = step.to === this.chosen ? null : step.to)}>${either(step)}${step.how === "request" ? html` <span class="chip cool">${t("life.by_request")}</span>` : nothing}</button>`)}
      </div>
      ${chosen ? this.form(chosen) : nothing}
      <p class="said" role="status">${this.said}</p>
      ${wrong(this.why)}
      ${life.requests.length === 0
        ? nothing
        : html`<h3>${t("portal.requests")}</h3>
            <ul class="rows">
              ${life.requests.map((request) => html`<li><div class="line"><span>${t("request.title", { number: request.id, kind: kindWord(request.kind) })}</span><span class="chip warn">${stateWord(request.state)}</span></div><twin-decision .twin=${this.twin} .number=${request.id} @done=${() => this.renew()}></twin-decision></li>`)}
            </ul>`}
      ${refused.length + life.unreached.length === 0
        ? nothing
        : html`<h3>${t("life.refused")}</h3>
            <ul class="rows">
              ${refused.map((step) => html`<li><span>${either(step)} → ${either(step.to_words ?? {})}</span><span class="small" title=${step.code ?? nothing}>${reason(step)}</span></li>`)}
              ${life.unreached.map(({ to_words, code, through }) => html`<li><span>${either(to_words ?? {})}</span><span class="small" title=${code ?? nothing}>${through.length === 0 ? t("life.never") : t("life.through", { states: through.map(({ words, code: state }) => (words ? either(words) : state)).join(t("list.separator")) })}</span></li>`)}
            </ul>`}`;
  }

  private form(step: LifeStep): TemplateResult {
    const asks = step.how === "request";
    const needs = asks ? (FILED[step.request ?? ""] ?? step.needs) : step.needs;
    return html`<form @submit=${(event: SubmitEvent) => void this.take(event, step, needs)}>
      <p>${either(step)} → <b>${either(step.to_words ?? {})}</b></p>
      ${asks ? html`<p class="small">${t("life.request_note", { kind: kindWord(step.request ?? ""), who: whoseLater(step) })}</p>` : nothing}
      ${factFields(needs)}
      <div><button class="primary" ?disabled=${this.sending}>${t(asks ? "life.file" : "life.take")}</button></div>
    </form>`;
  }

  private async take(event: SubmitEvent, step: LifeStep, needs: string[]): Promise<void> {
    event.preventDefault();
    const facts = factsOf(event.target as HTMLFormElement, needs);
    this.sending = true;
    const state = await outcome<unknown>(() => (step.how === "request" ? fileRequest(step.request ?? "", { ...facts, assets: [this.asset] }) : takeAssetStep(this.asset, step.to, facts)));
    this.sending = false;
    this.why = state.status === "failed" ? state.why : null;
    if (state.status !== "ready") return;
    this.said = t(step.how === "request" ? "correction.filed" : "correction.taken");
    this.chosen = null;
    this.renew();
  }

  private renew(): void {
    this.life.refresh();
    this.dispatchEvent(new Event("done"));
  }
}

function reason(step: LifeStep): string {
  if (step.code === "STEP_BY_ANOTHER") return t("life.by_another", { who: whoseLater(step) });
  return REASONS.has(step.code ?? "") ? t(`life.${step.code}` as Key) : (step.code ?? "");
}

customElements.define("twin-life", TwinLife);
