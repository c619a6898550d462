/** What a vehicle's terminal is told: a text, tracking for a while, that an alarm was seen; and what it was told, by whom, and what came of it. */

import { css, html, nothing, type TemplateResult } from "lit";

import { Ask, outcome } from "../ask";
import { CONFIRMABLE, readCommands, sendCommand, type Command, type CommandRow, type Done } from "../live/journeys";
import type { Failure, Json } from "../service";
import { either, t, valueName } from "../words";
import { lasting, when } from "./ago";
import { wrong } from "./failure";
import { LivePart } from "./live_part";
import { look } from "./look";
import { answered, sheet } from "./sheet";

const INTERVALS_S = [1, 5, 10, 30] as const;
const LASTS_S = [60, 300, 1800, 7200] as const;
const MESSAGES: Record<string, "command.text" | "command.track" | "command.confirm"> = { "0x8300": "command.text", "0x8202": "command.track", "0x8203": "command.confirm" };
const GONE = "TERMINAL_GONE";

export class TwinCommands extends LivePart {
  static override styles = [
    look,
    sheet,
    css`
      :host { display: block; }
      form { display: grid; gap: 7px; margin-top: 10px; padding: 10px 12px; background: var(--wash); border-radius: 8px; }
      .fields { display: flex; flex-wrap: wrap; gap: 8px; align-items: end; }
      label { display: grid; gap: 2px; font-size: 13px; color: var(--quiet); }
      label > * { color: var(--ink); }
      textarea { min-height: 44px; background: var(--paper); }
      .told { margin: 10px 0 0; padding: 8px 12px; border-radius: 8px; background: #e3f4e6; color: #0d4a2f; }
      .told.not { background: #fff1d6; color: #6b3a00; }
      .wrong { margin: 10px 0 0; padding: 8px 12px; border-radius: 8px; background: #fdeceb; color: #8f1d13; }
      h3 { margin-top: 16px; }
      form h3 { margin: 0; color: var(--ink); }
      .said { overflow-wrap: anywhere; }
    `,
  ];
  static override properties = { ...LivePart.properties, vehicle: { attribute: false }, sending: { state: true }, done: { state: true }, why: { state: true } };
  declare vehicle: string;
  declare sending: boolean;
  declare done: Done | null;
  declare why: Failure | null;
  private readonly told = new Ask<CommandRow[]>(this);
  private shown = "";

  constructor() {
    super();
    this.sending = false;
    this.done = null;
    this.why = null;
  }

  override willUpdate(): void {
    if (this.shown === this.vehicle) return;
    this.shown = this.vehicle;
    Object.assign(this, { done: null, why: null });
  }

  override render(): TemplateResult {
    const list = this.told.of(this.vehicle, () => readCommands(this.vehicle));
    return html`${this.twin.live.replays ? html`<p class="quiet">${t("live.now_only")}</p>` : this.forms()} ${this.answer()}
      <h3>${t("command.history")}</h3>
      ${answered(list, () => this.told.forget(), (rows) => (rows.length === 0 ? html`<p class="quiet">${t("command.none")}</p>` : html`<ul class="rows commands">${rows.map((row) => this.row(row))}</ul>`))}`;
  }

  private answer(): TemplateResult {
    return html`<div role="status">${this.sending ? html`<p class="quiet">${t("command.sending")}</p>` : this.done ? html`<p class="told ${this.done.result === 0 ? "" : "not"}">${either(this.done)}</p>` : nothing}</div>
      ${wrong(this.why)}`;
  }

  private forms(): TemplateResult {
    return html`<form class="text" @submit=${(event: SubmitEvent) => void this.send(event, (data) => ({ what: "text", text: String(data.get("text") ?? "").trim() }))}>
        <h3>${t("command.text")}</h3>
        <label>${t("command.text_label")}<textarea name="text" maxlength="500" required></textarea></label>
        <div><button class="primary" ?disabled=${this.sending}>${t("command.send")}</button></div>
      </form>
      <form class="track" @submit=${(event: SubmitEvent) => void this.send(event, (data) => tracking(data, event.submitter))}>
        <h3>${t("command.track")}</h3>
        <div class="fields">
          <label>${t("command.every")}<select name="interval_s">${INTERVALS_S.map((one) => html`<option value=${one} ?selected=${one === 5}>${t("time.seconds", { count: one })}</option>`)}</select></label>
          <label>${t("command.for")}<select name="for_s">${LASTS_S.map((one) => html`<option value=${one} ?selected=${one === 300}>${lasting(one * 1000)}</option>`)}</select></label>
          <button ?disabled=${this.sending}>${t("command.begin")}</button><button name="end" value="1" ?disabled=${this.sending}>${t("command.end")}</button>
        </div>
      </form>
      <form class="confirm" @submit=${(event: SubmitEvent) => void this.send(event, (data) => ({ what: "confirm", alarms: [String(data.get("alarm"))] }))}>
        <h3>${t("command.confirm")}</h3>
        <div class="fields">
          <label>${t("command.alarm")}<select name="alarm">${CONFIRMABLE.map((code) => html`<option value=${code}>${alarmName(code)}</option>`)}</select></label>
          <button ?disabled=${this.sending}>${t("command.send")}</button>
        </div>
      </form>`;
  }

  private async send(event: SubmitEvent, said: (data: FormData) => Command): Promise<void> {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const command = said(new FormData(form));
    if (command.what === "text" && command.text === "") return form.querySelector("textarea")?.focus();
    Object.assign(this, { sending: true, done: null, why: null });
    const { vehicle } = this;
    const answer = await outcome(() => sendCommand(vehicle, command));
    this.sending = false;
    if (this.vehicle !== vehicle) return;
    this.done = answer.status === "ready" ? answer.value : null;
    this.why = answer.status === "failed" ? answer.why : null;
    if (answer.status === "ready") form.reset();
    this.told.refresh();
  }

  private row(row: CommandRow): TemplateResult {
    const now = this.twin.live.now_ms;
    const message = MESSAGES[row.message];
    return html`<li data-event=${row.event}>
      <div class="line"><span><b>${message ? t(message) : row.message}</b> <span class="said">${said(row)}</span></span>${outcomeChip(row)}</div>
      <span class="small number">${[row.who, when(row.at, now), row.message].filter(Boolean).join(" · ")}</span>
    </li>`;
  }
}

function tracking(data: FormData, by: HTMLElement | null): Command {
  const ends = by instanceof HTMLButtonElement && by.name === "end";
  return { what: "track", interval_s: ends ? 0 : Number(data.get("interval_s")), for_s: ends ? 0 : Number(data.get("for_s")) };
}

function outcomeChip({ outcome: what, result, code, zh, en }: CommandRow): TemplateResult {
  if (what === "sent") return html`<span class="chip warn">${t("command.unknown")}</span>`;
  if (what === "unanswered") return html`<span class="chip bad" title=${code ?? ""}>${code === GONE ? t("command.gone") : (valueName(`refusal_${code}`) ?? code)}</span>`;
  return html`<span class="chip ${result === 0 ? "good" : "warn"}">${either({ zh, en })}</span>`;
}

function said({ said: words }: CommandRow): string {
  if (words === null) return "";
  if (typeof words["text"] === "string") return t("command.quoted", { text: words["text"] });
  if (Array.isArray(words["alarms"])) return words["alarms"].map((one: Json) => alarmName(String(one))).join(t("list.separator"));
  const every = Number(words["interval_s"]);
  return every === 0 ? t("command.ended") : t("command.tracked", { every: t("time.seconds", { count: every }), lasts: lasting(Number(words["for_s"]) * 1000) });
}

function alarmName(code: string): string {
  return valueName(`terminal_${code}`) ?? code;
}

customElements.define("twin-commands", TwinCommands);
