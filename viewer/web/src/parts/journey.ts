/** One vehicle: its trips and stops, what its orders and the gates say of them, what it was told and can be told. */

import { css, html, nothing, type TemplateResult } from "lit";

import { Ask } from "../ask";
import { readCheck, readTrips, type JourneyFinding, type OrderRow, type Trips, type VehicleCheck, type Where } from "../live/journeys";
import { latestFirst, legsOf, type Leg } from "../live/legs";
import type { Json } from "../service";
import { fixed, number, t, valueName } from "../words";
import { lasting, when } from "./ago";
import "./commands";
import { frame, framed } from "./list_frame";
import { LivePart } from "./live_part";
import { look } from "./look";
import { answered, sheet, tabs } from "./sheet";
import { deviceName } from "./who";

export const JOURNEY_TABS = ["trips", "orders", "commands"] as const;
export type JourneyTab = (typeof JOURNEY_TABS)[number];
const HOURS = [1, 8, 24, 168] as const;
const HOUR_MS = 3_600_000;
const STEP_MS = 30_000;
const TICK_MS = 5000;
/** A trip is drawn with this much around it, so that its ends are seen. */
const MARGIN_MS = 30_000;

export class TwinJourney extends LivePart {
  static override styles = [
    look,
    sheet,
    frame,
    css`
      .buttons { display: flex; flex-wrap: wrap; gap: 6px; margin-top: 3px; }
      .buttons button { padding: 0 9px; font-size: 12.5px; }
      li.stop { color: var(--quiet); }
      .what { font-weight: 600; }
      h3 { margin-top: 16px; }
    `,
  ];
  static override properties = { ...LivePart.properties, vehicle: { attribute: false }, tab: { attribute: false }, hours: { state: true } };
  /** The key of the vehicle. */
  declare vehicle: string;
  declare tab: JourneyTab;
  declare hours: (typeof HOURS)[number];
  private readonly trips = new Ask<Trips>(this);
  private readonly check = new Ask<VehicleCheck | null>(this);
  private timer: ReturnType<typeof setInterval> | undefined;
  private drawn: string | null = null;

  constructor() {
    super();
    this.tab = "trips";
    this.hours = 8;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.timer = setInterval(() => this.requestUpdate(), TICK_MS);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.timer);
  }

  /** Ends at the moment that is shown, in steps, so that the same is not asked again and again. */
  private get span(): [number, number] {
    const { live } = this.twin;
    const end = Math.ceil((live.past.at_ms ?? live.now_ms) / STEP_MS) * STEP_MS;
    return [end - this.hours * HOUR_MS, end];
  }

  override render(): TemplateResult {
    const { desk } = this.twin;
    const shown = JOURNEY_TABS.filter((name) => desk.may(name === "commands" ? "command_vehicle" : "read_track"));
    const tab = shown.includes(this.tab) ? this.tab : shown[0];
    const bar = tabs(t("journey.tabs"), shown.map((name) => ({ name, label: t(`journey.${name}`) })), tab ?? "trips", (chosen) => desk.refineList(`journey/${chosen}/${this.vehicle}`));
    const note = desk.reads && desk.kinds.has("vehicle") ? html`<button class="link" @click=${() => desk.showRecord({ kind: "vehicle", key: this.vehicle }, { fly: false })}>${t("journey.record")}</button>` : nothing;
    const body = tab === undefined ? html`<p class="quiet">${t("journey.nothing")}</p>` : tab === "commands" ? html`<twin-commands .twin=${this.twin} .vehicle=${this.vehicle}></twin-commands>` : html`${this.period()} ${tab === "trips" ? this.legs() : this.orders()}`;
    return framed(desk, this.vehicle, note, html`${bar}${body}`);
  }

  private period(): TemplateResult {
    return html`<div class="filters" role="group" aria-label=${t("journey.period")}>
      ${HOURS.map((hours) => html`<button aria-pressed=${this.hours === hours ? "true" : "false"} @click=${() => (this.hours = hours)}>${hours > 24 ? t("journey.days", { count: hours / 24 }) : t("journey.hours", { count: hours })}</button>`)}
    </div>`;
  }

  private legs(): unknown {
    const [from, to] = this.span;
    const question = `${this.vehicle} ${this.hours} ${to}`;
    const state = this.kept(this.trips, question, () => readTrips(this.vehicle, from, to));
    return answered(state, () => this.trips.forget(), (found) => {
      const legs = legsOf(found);
      const far_m = found.trips.reduce((sum, { distance_m }) => sum + distance_m, 0);
      if (legs.length === 0) return html`<p class="quiet">${t("journey.no_trip")}</p>`;
      return html`<p class="small number">${t("journey.sum", { trips: found.trips.length, kilometres: fixed(far_m / 1000, 1), stops: found.stops.length })}</p>
        <ul class="rows legs">${legs.map((leg) => this.leg(leg))}</ul>`;
    });
  }

  /** What was asked a moment ago stays in sight until the answer of the next step comes. */
  private kept<Answer>(ask: Ask<Answer>, question: string, read: () => Promise<Answer>): ReturnType<Ask<Answer>["of"]> {
    return ask.lasting(question, this.question(question), read);
  }

  private question(question: string): string {
    return question.slice(0, question.lastIndexOf(" "));
  }

  private leg(leg: Leg): TemplateResult {
    const now = this.twin.live.now_ms;
    if (leg.what === "stop") {
      const { stop } = leg;
      return html`<li class="stop"><div class="line"><span>${t("journey.stopped", { where: this.where(stop) })}</span><span class="number">${lasting(stop.duration_s * 1000)}</span></div><span class="small number">${when(stop.start, now)} – ${when(stop.end, now)}</span></li>`;
    }
    const { trip } = leg;
    const key = trip.start;
    const facts = [t("unit.kilometres", { value: fixed(trip.distance_m / 1000, 2) }), lasting(trip.duration_s * 1000), trip.speed_max_kmh === null ? "" : t("journey.fastest", { value: fixed(trip.speed_max_kmh, 0) })].filter(Boolean);
    return html`<li class="trip">
      <div class="line"><span class="what">${trip.begins_open ? t("journey.open") : this.where(trip.origin)} → ${trip.ends_open ? t("journey.under_way") : this.where(trip.destination)}</span></div>
      <span class="small number">${when(trip.start, now)} – ${trip.ends_open ? t("journey.now") : when(trip.end, now)} · ${facts.join(" · ")}</span>
      ${trip.unheard_s > 0 ? html`<span class="small"><span class="chip warn">${t("journey.unheard", { lasts: lasting(trip.unheard_s * 1000) })}</span></span>` : nothing}
      <div class="buttons">
        <button aria-pressed=${this.drawn === key ? "true" : "false"} @click=${() => void this.draw(trip.start, trip.end)}>${t("journey.draw")}</button>
        <button @click=${() => void this.twin.live.goTo(Date.parse(trip.start))}>${t("journey.replay")}</button>
      </div>
    </li>`;
  }

  private async draw(start: string, end: string): Promise<void> {
    const { chosen } = this.twin.live;
    this.drawn = start;
    this.requestUpdate();
    const far = await chosen.drawTrack(`vehicle/${this.vehicle}`, Date.parse(start) - MARGIN_MS, Date.parse(end) + MARGIN_MS);
    if (far) this.twin.view?.eye.look(far.middle, far.radius_m, { pitch_deg: -60, range: 3 });
  }

  /** A building or gate near by, else the zone; else where on the earth it is. */
  private where({ place, lon, lat }: Where): string {
    const near = this.twin.live.landmark(lon, lat);
    if (near !== null) return near;
    return place[0] === undefined ? t("journey.outside", { lon: fixed(lon, 4), lat: fixed(lat, 4) }) : this.twin.live.placeName(place[0]);
  }

  private orders(): unknown {
    const [from, to] = this.span;
    const state = this.kept(this.check, `${this.vehicle} ${this.hours} ${to}`, () => readCheck(this.vehicle, from, to));
    return answered(state, () => this.check.forget(), (check) => (check === null ? html`<p class="quiet">${t("journey.not_checked")}</p>` : this.checked(check)));
  }

  private checked({ orders, findings, passages }: VehicleCheck): TemplateResult {
    const now = this.twin.live.now_ms;
    return html`<h3>${t("journey.findings")}${t("list.count", { count: findings.length })}</h3>
      ${findings.length === 0 ? html`<p class="quiet">${t("journey.agrees")}</p>` : html`<ul class="rows findings">${latestFirst(findings).map((one) => this.finding(one))}</ul>`}
      <h3>${t("journey.order_list")}${t("list.count", { count: orders.length })}</h3>
      ${orders.length === 0 ? html`<p class="quiet">${t("journey.no_order")}</p>` : html`<ul class="rows">${latestFirst(orders).map((one) => this.order(one))}</ul>`}
      <h3>${t("journey.passages")}${t("list.count", { count: passages.length })}</h3>
      <ul class="rows">${[...passages].reverse().map(({ at, gate, direction }) => html`<li><div class="line"><span>${t(direction === "in" ? "way.in" : direction === "out" ? "way.out" : "way.there")} ${deviceName(this.twin, gate)}</span><span class="number">${when(at, now)}</span></div></li>`)}</ul>`;
  }

  private finding({ code, order, from, until, facts }: JourneyFinding): TemplateResult {
    const now = this.twin.live.now_ms;
    const numbers = Object.entries(facts).map(([name, value]) => t("journey.fact", { name: valueName(`fact_${name}`) ?? name, value: factWords(name, value) }));
    return html`<li data-code=${code}><div class="line"><span class="what">${this.twin.desk.meaning(code)}</span><span class="chip warn">${code}</span></div>
      <span class="small number">${[order, from === null ? null : `${when(from, now)} – ${until === null ? "" : when(until, now)}`, ...numbers].filter(Boolean).join(" · ")}</span></li>`;
  }

  private order({ order, state, driver, destination, from, until, trips }: OrderRow): TemplateResult {
    const { desk, live } = this.twin;
    const sent = [destination === null ? null : t("journey.order_to", { destination }), driver === null ? null : t("journey.order_driver", { driver })].filter(Boolean).join(" · ");
    const span = `${from === null ? "" : when(from, live.now_ms)} – ${until === null ? "" : when(until, live.now_ms)}`;
    return html`<li><div class="line">${desk.kinds.has("dispatch") ? html`<button class="link" @click=${() => desk.showRecord({ kind: "dispatch", key: order }, { fly: false })}>${order}</button>` : html`<span>${order}</span>`}${state === null ? nothing : html`<span class="chip">${valueName(`dispatch_${state}`) ?? state}</span>`}</div>
      ${sent === "" ? nothing : html`<div class="small">${sent}</div>`}
      <span class="small number">${span} · ${t("journey.order_trips", { trips: trips.length, kilometres: fixed(trips.reduce((sum, { distance_m }) => sum + distance_m, 0) / 1000, 1) })}</span></li>`;
  }
}

/** `distance_m` in metres, `over_s` as one says it, counts as they are. */
function factWords(name: string, value: Json): string {
  if (typeof value !== "number") return typeof value === "string" ? value : JSON.stringify(value);
  return name.endsWith("_m") ? t("unit.metres", { value: number(value, 0) }) : name.endsWith("_s") ? lasting(value * 1000) : number(value);
}

customElements.define("twin-journey", TwinJourney);
