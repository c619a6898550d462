/** The time slider: any moment of a day, played at its own pace or faster, with the incidents of that day as ticks. */

import { css, html, nothing, svg, type TemplateResult } from "lit";

import { SPEEDS } from "../live/past";
import { dateClock, headline, t } from "../words";
import { wrong } from "./failure";
import { LivePart } from "./live_part";
import { look } from "./look";

const STEP_MS = 1000;
const WIDE = 1000;

export class TwinReplay extends LivePart {
  static override styles = [
    look,
    css`
      :host { flex: 1 1 940px; display: flex; flex-wrap: wrap; align-items: center; gap: 6px 12px; }
      .track { flex: 1 1 260px; position: relative; display: grid; min-width: 160px; padding-top: 12px; }
      .track input { width: 100%; margin: 0; accent-color: #b45309; }
      .track svg { position: absolute; left: 8px; right: 8px; top: 0; width: calc(100% - 16px); height: 13px; pointer-events: none; overflow: visible; }
      .group { display: flex; gap: 4px; }
      .group button { padding: 2px 9px; }
      button[aria-pressed="true"] { background: #fff1d6; border-color: #b45309; color: #7a3e00; font-weight: 600; }
      input[type="datetime-local"] { font: inherit; font-size: 13px; border: 1px solid var(--line-strong); border-radius: 7px; padding: 2px 6px; background: var(--paper); color: inherit; }
      .back { background: #b45309; border-color: #b45309; color: #fff; font-weight: 600; }
      .back:hover { background: #8f4207; }
      .wrong { color: #b42318; margin: 0; }
      .s5, .s4 { stroke: #c01818; } .s3 { stroke: #b45309; } .s2 { stroke: #2f6db3; } .s1 { stroke: #7c8791; }
    `,
  ];

  override render(): TemplateResult | typeof nothing {
    const { live } = this.twin;
    const { past } = live;
    if (past.at_ms === null) return nothing;
    return html`<div class="group">
        <button class="play" aria-label=${t(past.playing ? "replay.pause" : "replay.play")} title=${t(past.playing ? "replay.pause" : "replay.play")} @click=${() => this.play()}>${past.playing ? "❚❚" : "▶"}</button>
        ${SPEEDS.map((speed) => html`<button aria-pressed=${past.speed === speed ? "true" : "false"} aria-label=${t("replay.speed", { speed })} @click=${() => past.setSpeed(speed)}>×${speed}</button>`)}
      </div>
      <div class="group">
        <button aria-label=${t("replay.previous")} title=${t("replay.previous")} ?disabled=${this.tick(-1) === null} @click=${() => this.jump(-1)}>⇤</button>
        <button aria-label=${t("replay.next")} title=${t("replay.next")} ?disabled=${this.tick(1) === null} @click=${() => this.jump(1)}>⇥</button>
      </div>
      <div class="track">
        ${this.ticks()}
        <input
          type="range"
          aria-label=${t("replay.moment")}
          min=${past.from_ms}
          max=${past.to_ms}
          step=${STEP_MS}
          .value=${String(Math.round(past.at_ms))}
          aria-valuetext=${dateClock(past.at_ms)}
          @input=${(event: Event) => void live.goTo(Number((event.target as HTMLInputElement).value))}
        />
      </div>
      <input type="datetime-local" step="1" aria-label=${t("replay.choose")} .value=${localIso(past.at_ms)} @change=${(event: Event) => this.choose((event.target as HTMLInputElement).value)} />
      <button class="back" @click=${() => void live.goTo(null)}>${t("replay.back")}</button>
      ${wrong(past.why)}`;
  }

  private ticks(): TemplateResult {
    const { past } = this.twin.live;
    const along = (iso: string): number => ((Date.parse(iso) - past.from_ms) / (past.to_ms - past.from_ms)) * WIDE;
    return html`<svg viewBox="0 0 ${WIDE} 13" preserveAspectRatio="none" role="img" aria-label=${t("replay.ticks", { count: past.ticks.length })}>
      ${past.ticks.map(({ since, severity, title }) => svg`<line class="s${severity}" x1=${along(since)} x2=${along(since)} y1=${11 - 2 * severity} y2="13" stroke-width="2" vector-effect="non-scaling-stroke"><title>${headline(title)}</title></line>`)}
    </svg>`;
  }

  private play(): void {
    const { past } = this.twin.live;
    past.play(!past.playing);
    if (!past.playing) this.twin.remember();
  }

  /** The moment of the incident before or after the one that is shown. */
  private tick(step: 1 | -1): number | null {
    const { past } = this.twin.live;
    const moments = past.ticks.map(({ since }) => Date.parse(since)).filter((at) => (past.at_ms === null ? false : step > 0 ? at > past.at_ms + STEP_MS : at < past.at_ms - STEP_MS));
    return moments.length === 0 ? null : step > 0 ? Math.min(...moments) : Math.max(...moments);
  }

  private jump(step: 1 | -1): void {
    const at = this.tick(step);
    if (at !== null) void this.twin.live.goTo(at);
  }

  private choose(local: string): void {
    const at = Date.parse(local);
    if (!Number.isNaN(at)) void this.twin.live.goTo(Math.min(at, this.twin.live.now_ms));
  }
}

/** As a field for date and time takes it: local, without a zone. */
function localIso(ms: number): string {
  const at = new Date(ms);
  return new Date(ms - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

customElements.define("twin-replay", TwinReplay);
