/** The muster list of an evacuation: who was inside, who has been seen at an assembly point or gone since, who is missing. */

import { css, html, nothing, type TemplateResult } from "lit";

import { Ask } from "../ask";
import { readMuster, type Missing, type Muster } from "../live/gates";
import type { Twin } from "../twin";
import { buildingTitle, number, t } from "../words";
import { lasting, when } from "./ago";
import { frame, framed } from "./list_frame";
import { LivePart } from "./live_part";
import { look } from "./look";
import { answered, sheet } from "./sheet";
import { deviceName, whoLine } from "./who";

const AGAIN_MS = 3000;

export class TwinMuster extends LivePart {
  static override styles = [
    look,
    sheet,
    frame,
    css`
      .sums .missing { background: #fdeceb; color: #8f1d13; }
      .sums .missing b { font-size: 26px; }
      .sums .none { background: #e3f4e6; color: #0d4a2f; }
      .sums .none b { font-size: 26px; }
      h3 { margin-top: 16px; }
    `,
  ];
  static override properties = { ...LivePart.properties, since: { attribute: false }, building: { attribute: false } };
  /** When the evacuation began, RFC 3339. */
  declare since: string;
  /** The id of a building, null of the whole site. */
  declare building: string | null;
  private readonly muster = new Ask<Muster>(this);
  private timer: ReturnType<typeof setInterval> | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.timer = setInterval(() => this.muster.refresh(), AGAIN_MS);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.timer);
  }

  override render(): TemplateResult {
    const { twin } = this;
    const code = twin.site?.code ?? "";
    const state = this.muster.of(`${code} ${this.since} ${this.building}`, () => readMuster(code, this.since, this.building));
    const building = twin.tree?.buildings.find(({ id }) => id === this.building);
    const where = building ? buildingTitle(building) : (twin.site?.name ?? "");
    const begun = t("muster.since", { time: when(this.since, twin.live.now_ms), lasts: lasting(twin.live.now_ms - Date.parse(this.since)) });
    return framed(twin.desk, t("muster.title", { where }), begun, answered(state, () => this.muster.forget(), (found) => this.content(found)));
  }

  private content(muster: Muster): TemplateResult {
    const { twin } = this;
    return html`${twin.live.replays ? html`<p class="quiet">${t("live.now_only")}</p>` : nothing}
      <div class="sums" role="status">
        <div class=${muster.missing > 0 ? "missing" : "none"}><b>${number(muster.missing)}</b><span class="small">${t("muster.missing")}</span></div>
        <div><b>${number(muster.safe)}</b><span class="small">${t("muster.safe")}</span></div>
        <div><b>${number(muster.inside)}</b><span class="small">${t("muster.inside")}</span></div>
      </div>
      <p class="small">${t("muster.note")}</p>
      <p class="small">${muster.points.length === 0 ? t("muster.no_point") : t("muster.points", { points: muster.points.map((one) => twin.live.placeName(one)).join(t("list.separator")) })}</p>
      ${muster.missing_people === null ? html`<p class="quiet">${t("muster.names_withheld")}</p>` : this.people(muster)}`;
  }

  private people({ missing_people, safe_people }: Muster): TemplateResult {
    const { twin } = this;
    const now = twin.live.now_ms;
    return html`<h3>${t("muster.missing")}${t("list.count", { count: missing_people?.length ?? 0 })}</h3>
      ${missing_people?.length === 0 ? html`<p class="quiet">${t("muster.all_out")}</p>` : nothing}
      <ul class="rows missing">${missing_people?.map((one) => html`<li><div class="line">${whoLine(twin, "person", one.person, one.who)}<span class="number">${lasting(now - Date.parse(one.last_seen ?? one.since))}</span></div>
        <span class="small">${last(twin, one, now)}</span></li>`)}</ul>
      ${safe_people === null || safe_people.length === 0 ? nothing : html`<h3>${t("muster.safe")}${t("list.count", { count: safe_people.length })}</h3>
        <ul class="rows safe">${safe_people.map((one) => html`<li><div class="line">${whoLine(twin, "person", one.person, one.who)}<span class="number">${when(one.at, now)}</span></div><span class="small">${twin.live.placeName(one.point)}</span></li>`)}</ul>`}`;
  }
}

/** Where somebody was last seen: by a reader inside, else at the gate they came in by. */
function last(twin: Twin, { through, since, last_place, last_seen }: Missing, now_ms: number): string {
  if (last_place === null || last_seen === null || Math.abs(Date.parse(last_seen) - Date.parse(since)) < 1000) return t("gate.came", { gate: deviceName(twin, through), time: when(since, now_ms) });
  return t("muster.last", { place: twin.live.placeName(last_place), time: when(last_seen, now_ms) });
}

customElements.define("twin-muster", TwinMuster);
