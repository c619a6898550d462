/** The list of incidents: those that run, the worst first and of these the newest, and those that are closed, page by page. */

import { css, html, nothing, type TemplateResult } from "lit";

import { Pages } from "../ask";
import { INCIDENT_STATES, readIncidents, worstFirst, type Incident, type IncidentState } from "../live/incidents";
import { address } from "../registers";
import { headline, t } from "../words";
import { lasting, when } from "./ago";
import { frame, framed } from "./list_frame";
import { LivePart } from "./live_part";
import { look } from "./look";
import { severities, severitySign } from "./severity";
import { following, sheet } from "./sheet";
import { whereabouts } from "./whereabouts";

const PAGE = 50;
const TICK_MS = 5000;
const NAMED = 3;

export class TwinIncidents extends LivePart {
  static override styles = [
    look,
    sheet,
    frame,
    severities,
    css`
      .rows > li { padding: 10px 0; gap: 3px; border-left: 4px solid transparent; padding-left: 9px; margin-left: -13px; }
      .rows > li > .line { align-items: flex-start; }
      .rows > li.open { border-left-color: currentColor; }
      .rows > li .title { font-weight: 600; font-size: 15px; color: var(--ink); }
      .chips { display: flex; flex-wrap: wrap; gap: 6px; align-items: center; color: var(--ink); }
      .past { background: #fff4d6; color: #5f3b00; border-radius: 7px; padding: 6px 10px; margin: 10px 0 0; }
    `,
  ];
  static override properties = { ...LivePart.properties, state: { state: true } };
  declare state: IncidentState | "running";
  private readonly closed = new Pages<Incident>(this);
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor() {
    super();
    this.state = "running";
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.timer = setInterval(() => this.requestUpdate(), TICK_MS);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.timer);
  }

  override render(): TemplateResult {
    const { live, desk } = this.twin;
    const past = live.past.at_ms;
    const body = past === null ? html`${this.choices()} ${this.now()}` : html`<p class="past">${t("incidents.past", { time: when(new Date(past).toISOString(), 0) })}</p>${this.list([...live.past.incidents].sort(worstFirst), past)}`;
    return framed(desk, t("incidents.title"), t("incidents.note"), body);
  }

  private choices(): TemplateResult {
    const { watch } = this.twin.live;
    const many = (state: IncidentState): number => watch.running.filter((one) => one.state === state).length;
    const choice = (state: IncidentState | "running", count: string): TemplateResult => html`<button aria-pressed=${this.state === state ? "true" : "false"} @click=${() => (this.state = state)}>${t(`incidents.${state}`)}${count}</button>`;
    return html`<div class="filters" role="group" aria-label=${t("incidents.by_state")}>
      ${choice("running", ` ${watch.running.length}`)} ${INCIDENT_STATES.map((state) => choice(state, state === "closed" ? "" : ` ${many(state)}`))}
    </div>`;
  }

  private now(): TemplateResult {
    const { live } = this.twin;
    if (this.state !== "closed") return this.list(live.watch.running.filter(({ state }) => this.state === "running" || state === this.state), live.now_ms);
    const list = this.closed.of(address("/incidents", { site: this.twin.site?.code, state: "closed", limit: PAGE }), async (from) => {
      const page = await readIncidents(from);
      return { entries: page.incidents, next: page.next, matched: null, exact: true };
    });
    return html`${list.entries.length > 0 ? this.list(list.entries, live.now_ms) : nothing} ${following(list, () => void this.closed.more())}`;
  }

  private list(incidents: readonly Incident[], now_ms: number): TemplateResult {
    if (incidents.length === 0) return html`<p class="quiet">${t("incidents.none")}</p>`;
    return html`<ul class="rows">${incidents.map((incident) => this.row(incident, now_ms))}</ul>`;
  }

  private row(incident: Incident, now_ms: number): TemplateResult {
    const { desk } = this.twin;
    const since = Date.parse(incident.since);
    const lasts = lasting((incident.until === null || incident.state !== "closed" ? now_ms : Date.parse(incident.until)) - since);
    return html`<li class="s${incident.severity} ${incident.state}" data-id=${incident.id}>
      <div class="line"><button class="link title" @click=${() => desk.showList(`incident/${incident.id}`)}>${headline(incident.title)}</button>${severitySign(incident.severity)}</div>
      <span class="small">${this.where(incident)}</span>
      <div class="chips small">
        <span class="number">${t("incidents.since", { time: when(incident.since, now_ms), lasts })}</span>
        ${incident.count > 1 ? html`<span class="number">${t("incidents.count", { count: incident.count })}</span>` : nothing}
        ${incident.flapping ? html`<span class="chip warn" title=${t("incidents.flapping_note")}>${t("incidents.flapping")}</span>` : nothing}
        ${incident.state === "open" ? nothing : html`<span class="chip ${incident.state === "closed" ? "good" : "cool"}">${t(`incidents.${incident.state}`)}</span>`}
      </div>
    </li>`;
  }

  /** Where it is; of a place that has no name, what alarmed there. */
  private where({ place, devices }: Incident): string {
    const named = devices.slice(0, NAMED).map(({ id, name }) => name ?? id);
    const more = devices.length > NAMED ? [t("incidents.more", { count: devices.length - NAMED })] : [];
    return whereabouts(this.twin, place) || [...named, ...more].join(t("list.separator"));
  }
}

customElements.define("twin-incidents", TwinIncidents);
