/** What should move: assets that a stock-take found elsewhere, each with a way to ask for its move, and requests to move with their steps. */

import { css, html, nothing, type TemplateResult } from "lit";

import { outcome, Pages } from "../ask";
import { address, drawn, fileRequest, readRequests, type RequestDocument } from "../registers";
import type { Failure, Json } from "../service";
import type { CountedPlace } from "../stock";
import { day, number, t } from "../words";
import { readFoundElsewhere, type FoundElsewhere } from "../work";
import { handled } from "./decision";
import { wrong } from "./failure";
import { frame, framed } from "./list_frame";
import { look } from "./look";
import { Part } from "./part";
import { kindWord, requestLine, stateWord } from "./request_line";
import { following, sheet, tabs } from "./sheet";
import { wayTo } from "./stocktake";

const PAGE = 30;
const SHEETS = ["elsewhere", "requests"] as const;
type Sheet = (typeof SHEETS)[number];

export class TwinMoves extends Part {
  static override styles = [
    look,
    sheet,
    frame,
    css`
      .places { display: grid; grid-template-columns: auto 1fr; gap: 1px 10px; margin: 0; font-size: 13px; }
      .places dt { color: var(--quiet); }
      .places dd { margin: 0; overflow-wrap: anywhere; }
      .choices { grid-template-columns: 1fr; }
      form { display: grid; gap: 6px; padding: 8px 10px; background: var(--wash); border-radius: 8px; }
      label { display: grid; gap: 2px; font-size: 13px; color: var(--quiet); }
      label > * { color: var(--ink); }
      details summary { cursor: pointer; }
      .wrong { color: #b42318; margin: 0; }
    `,
  ];
  static override properties = { ...Part.properties, sheet: { attribute: false }, open: { state: true }, why: { state: true }, sending: { state: true } };
  declare sheet: Sheet;
  declare open: "true" | "false" | "";
  declare why: { item: number; failure: Failure } | null;
  declare sending: boolean;
  private readonly elsewhere = new Pages<FoundElsewhere>(this);
  private readonly requests = new Pages<RequestDocument>(this);

  constructor() {
    super();
    this.open = "true";
    this.why = null;
    this.sending = false;
  }

  override render(): TemplateResult {
    const { desk } = this.twin;
    const choices = SHEETS.map((name) => ({ name, label: t(`moves.${name}`) }));
    const body = html`${tabs(t("moves.title"), choices, this.sheet, (name) => desk.refineList(name === "requests" ? "moves/requests" : "moves"))}
      ${this.sheet === "requests" ? this.asked() : this.found()}`;
    return framed(desk, t("moves.title"), t("moves.note"), body);
  }

  private found(): TemplateResult {
    const list = this.elsewhere.of(address("/differences/found-elsewhere", { limit: PAGE }), async (from) => {
      const page = await readFoundElsewhere(from);
      return { entries: page.assets, next: page.next, matched: null, exact: true };
    });
    if (!list.coming && list.why === null && list.entries.length === 0) return html`<p class="quiet">${t("moves.none_elsewhere")}</p>`;
    return html`<ul class="rows">${list.entries.map((one) => html`<li>${this.asset(one)}</li>`)}</ul>
      ${following(list, () => void this.elsewhere.more())}`;
  }

  private asset(one: FoundElsewhere): TemplateResult {
    const { desk } = this.twin;
    const { record, stocktake } = one;
    return html`<div class="line">
        ${record ? html`<button class="link" @click=${() => desk.showRecord(record)}>${record.title}</button>` : html`<span>${one.key}</span>`}
        <code>${one.key}</code>
      </div>
      <dl class="places"><dt>${t("stocktake.expected")}</dt><dd>${this.place(one.expected)}</dd><dt>${t("stocktake.seen")}</dt><dd>${this.place(one.found)}</dd></dl>
      <span class="small"
        >${t("differences.since", { day: day(one.since.slice(0, 10)) })}${stocktake === null ? nothing : html` · <button class="link" @click=${() => desk.showList(`stocktakes/${stocktake}`)}>${t("differences.of_stocktake", { number: number(stocktake) })}</button>`}</span
      >
      ${one.requests.map((asked) => html`<div class="small"><span class="chip warn">${stateWord(asked.state)}</span> ${t("request.title", { number: asked.id, kind: kindWord(asked.kind) })} · ${asked.applicant}${handled(this.twin, { id: asked.id, closed_at: null }, () => this.elsewhere.forget())}</div>`)}
      ${one.requests.length === 0 ? this.ask(one) : nothing}`;
  }

  private ask(one: FoundElsewhere): TemplateResult | typeof nothing {
    if (!this.twin.desk.may("file_request")) return nothing;
    if (one.move === null) return html`<span class="small">${t("moves.not_askable")}</span>`;
    return html`<details>
      <summary class="small">${t("moves.ask")}</summary>
      <form @submit=${(event: SubmitEvent) => void this.file(event, one)}>
        <label>${t("fact.reason")}<input name="reason" required maxlength="1000" autocomplete="off" .value=${one.stocktake === null ? "" : t("moves.reason", { number: String(one.stocktake) })} /></label>
        <div><button class="primary" ?disabled=${this.sending}>${t("moves.file")}</button></div>
        ${wrong(this.why?.item === one.item ? this.why.failure : null)}
      </form>
    </details>`;
  }

  private async file(event: SubmitEvent, { item, move, unit, key }: FoundElsewhere): Promise<void> {
    event.preventDefault();
    if (!move || unit === null || key === null) return;
    const reason = String(new FormData(event.target as HTMLFormElement).get("reason") ?? "");
    const payload: { [name: string]: Json } = { unit, building: move.building, assets: [key], reason };
    if (move.room !== null) payload["room"] = move.room;
    this.sending = true;
    const state = await outcome(() => fileRequest("move", payload));
    this.sending = false;
    this.why = state.status === "failed" ? { item, failure: state.why } : null;
    if (state.status === "ready") this.elsewhere.forget();
  }

  private asked(): TemplateResult {
    const list = this.requests.of(address("/requests", { kind: "move", open: this.open, limit: PAGE }), async (from) => {
      const page = await readRequests(from);
      return { entries: page.requests, next: page.next, matched: null, exact: true };
    });
    return html`<div class="choices">
        <select aria-label=${t("differences.by_state")} @change=${(event: Event) => (this.open = (event.target as HTMLSelectElement).value as "true")}>
          ${(["true", "false", ""] as const).map((open) => html`<option value=${open} ?selected=${open === this.open}>${t(open === "true" ? "moves.open" : open === "false" ? "moves.closed" : "moves.all")}</option>`)}
        </select>
      </div>
      <ul class="rows">${list.entries.map((request) => html`<li>${requestLine(this.twin, request)} ${moved(request)} ${handled(this.twin, request, () => this.elsewhere.forget())}</li>`)}</ul>
      ${following(list, () => void this.requests.more())}`;
  }

  private place(place: CountedPlace | null): unknown {
    if (place === null) return t("stocktake.place_unknown");
    if (place.name === null) return t("stocktake.place_hidden");
    const names = wayTo(place);
    return drawn(place) ? html`<button class="link" title=${t("action.fly")} @click=${() => void this.twin.desk.goTo(place, names)}>${names}</button>` : names;
  }
}

/** What a move moves, and to where. */
function moved({ payload, unit }: RequestDocument): TemplateResult {
  const many = (name: string): number => (Array.isArray(payload[name]) ? (payload[name] as Json[]).length : 0);
  const what = ([["seats", "moves.people"], ["assets", "moves.assets"], ["rooms", "moves.rooms"], ["leaves", "moves.leaves"]] as const).filter(([name]) => many(name) > 0).map(([name, key]) => t(key, { count: many(name) }));
  const to = [payload["building"], payload["room"]].filter((one) => typeof one === "string").join(" › ");
  return html`<div class="small">${[unit, what.join(t("list.separator")), to && t("moves.to", { place: to })].filter(Boolean).join(" · ")}</div>`;
}

customElements.define("twin-moves", TwinMoves);
