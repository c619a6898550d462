/** The live bar: whether what one sees is of this moment, how much of it there is, and the way to the incidents and to the past. */

import { css, html, nothing, type TemplateResult } from "lit";

import { clock, number, t } from "../words";
import { LivePart } from "./live_part";
import { look } from "./look";

const TICK_MS = 1000;
/** From here on the age of what one sees is told, though the line says that it is open. */
const FRESH_MS = 3000;

export class TwinLiveBar extends LivePart {
  static override styles = [
    look,
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
    if (this.twin.live.access !== "given") return nothing;
    return html`<div class="bar" role="region" aria-label=${t("live.bar")}>${this.line()} ${this.counts()}<span class="gap"></span></div>`;
  }

  private line(): TemplateResult {
    const { feed } = this.twin.live;
    const kind = feed.line === "resting" ? "connecting" : feed.line;
    const shape = { open: html`<circle cx="6" cy="6" r="5" fill="currentColor" />`, connecting: html`<circle cx="6" cy="6" r="4" fill="none" stroke="currentColor" stroke-width="2" />`, broken: html`<path d="M6 0 12 11H0z" fill="currentColor" />` }[kind];
    return html`<span class="line ${kind}"><svg viewBox="0 0 12 12" aria-hidden="true">${shape}</svg><span role="status">${t(`line.${kind}`)}</span>${this.age(kind)}</span>`;
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
