/** The live bar: whether what one sees is of this moment, how much of it there is, and the way to the incidents and to the past. */

import { css, html, nothing, svg, type TemplateResult } from "lit";

import { clock, either, number, t } from "../words";
import { worstFirst } from "../live/incidents";
import { LivePart } from "./live_part";
import { look } from "./look";
import "./replay";
import { severities, severitySign } from "./severity";

const TICK_MS = 1000;
/** Where a replay begins: a little before now. */
const BACK_MS = 600_000;
/** A whole frame is due every 30 s, also while nothing moves: later than this what one sees is old, though the line says that it is open. */
const FRESH_MS = 35_000;
const BROKEN_MS = 3000;

export class TwinLiveBar extends LivePart {
  static override styles = [
    look,
    severities,
    css`
      :host { display: block; border-top: 1px solid var(--line); background: var(--paper); font-size: 13px; }
      .bar { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 14px; padding: 4px 12px; min-height: 36px; }
      .line { display: flex; gap: 7px; align-items: center; font-weight: 600; white-space: nowrap; }
      .line svg { width: 12px; height: 12px; flex: none; }
      .line.open { color: #0b6b49; }
      .line.broken { color: #b42318; }
      .old { font-weight: 400; color: var(--ink); }
      ul { display: flex; flex-wrap: wrap; gap: 2px 14px; list-style: none; margin: 0; padding: 0; font-variant-numeric: tabular-nums; white-space: nowrap; }
      li.alarm { color: #b42318; font-weight: 600; }
      .gap { flex: 1; }
      .bar.past { background: #fff8ea; border-top: 2px solid #b45309; margin-top: -1px; }
      .incidents { display: flex; gap: 8px; align-items: center; padding: 1px 10px; min-height: 28px; }
      .incidents .severity svg { width: 18px; height: 18px; }
      label { display: flex; gap: 5px; align-items: center; white-space: nowrap; cursor: pointer; }
      label input { accent-color: var(--accent); margin: 0; }
    `,
  ];
  private timer: ReturnType<typeof setInterval> | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.timer = setInterval(() => this.requestUpdate(), TICK_MS);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.timer);
  }

  override render(): TemplateResult | typeof nothing {
    const { live } = this.twin;
    if (live.access !== "given") return nothing;
    const { replays } = live;
    return html`<div class="bar ${replays ? "past" : ""}" role="region" aria-label=${t("live.bar")}>
      ${replays ? html`<twin-replay .twin=${this.twin}></twin-replay>` : html`${this.line()} ${this.counts()}<span class="gap"></span>`}
      ${this.incidents()} ${replays ? nothing : this.switches()}
    </div>`;
  }

  private incidents(): TemplateResult {
    const { twin } = this;
    const { live, desk } = twin;
    const open = live.replays ? live.past.incidents.filter(({ state }) => state !== "closed") : live.watch.running;
    const worst = [...open].sort(worstFirst)[0];
    const shown = desk.list?.startsWith("incident") ?? false;
    return html`<button class="incidents" aria-expanded=${shown ? "true" : "false"} @click=${() => (shown ? desk.close() : desk.showList("incidents"))}>
      ${worst ? severitySign(worst.severity) : nothing}<span>${t("live.incidents", { count: open.length })}</span>
    </button>`;
  }

  private switches(): TemplateResult {
    const { live } = this.twin;
    return html`<label><input type="checkbox" name="sound" .checked=${live.watch.sound} @change=${(event: Event) => live.watch.setSound((event.target as HTMLInputElement).checked)} />${t("live.sound")}</label>
      ${this.twin.desk.may("read_track") ? html`<button class="replay" @click=${() => void live.goTo(live.now_ms - BACK_MS)}>${t("live.replay")}</button>` : nothing}`;
  }

  private line(): TemplateResult {
    const { feed } = this.twin.live;
    const { trouble } = this.twin.live;
    const kind = trouble !== null ? "broken" : feed.line === "resting" ? "connecting" : feed.line;
    const shape = { open: svg`<circle cx="6" cy="6" r="5" fill="currentColor" />`, connecting: svg`<circle cx="6" cy="6" r="4" fill="none" stroke="currentColor" stroke-width="2" />`, broken: svg`<path d="M6 0 12 11H0z" fill="currentColor" />` }[kind];
    return html`<span class="line ${kind}"><svg viewBox="0 0 12 12" aria-hidden="true">${shape}</svg><span role="status">${either(trouble ?? {}) || t(`line.${kind}`)}</span>${this.age(kind)}</span>${this.events()}`;
  }

  /** The incidents come by a line of their own: that it is broken is told too. */
  private events(): TemplateResult | typeof nothing {
    const { broken_ms } = this.twin.live.watch.line;
    const lasts_ms = broken_ms === null ? 0 : Date.now() - broken_ms;
    if (lasts_ms < BROKEN_MS) return nothing;
    return html`<span class="line broken"><svg viewBox="0 0 12 12" aria-hidden="true">${svg`<path d="M6 0 12 11H0z" fill="currentColor" />`}</svg>${t("live.events_lost", { seconds: Math.floor(lasts_ms / 1000) })}</span>`;
  }

  private age(kind: "open" | "connecting" | "broken"): TemplateResult | typeof nothing {
    const { heard_ms } = this.twin.live.feed;
    if (heard_ms === null) return kind === "broken" ? html`<span class="old">${t("live.never_heard")}</span>` : nothing;
    const old_ms = Date.now() - heard_ms;
    if (kind === "open" && old_ms < FRESH_MS) return nothing;
    return html`<span class="old">${t("live.old", { time: clock(heard_ms), seconds: Math.floor(old_ms / 1000) })}</span>`;
  }

  private counts(): TemplateResult {
    const { counts } = this.twin.live;
    return html`<ul aria-label=${t("live.counts")}>
      ${(["moving", "standing", "silent", "alarm"] as const).map((name) => (counts[name] === 0 && name !== "moving" ? nothing : html`<li class=${name}>${t(`mover.${name}`)} ${number(counts[name])}</li>`))}
    </ul>`;
  }
}

customElements.define("twin-live-bar", TwinLiveBar);
