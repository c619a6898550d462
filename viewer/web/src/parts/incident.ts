/** One incident: what it is, who sees it and who is near, what is around, what to do, what was done, and what one does now. */

import { css, html, nothing, type TemplateResult } from "lit";

import { Ask, outcome } from "../ask";
import { CLOSE_REASONS, readContext, readIncident, STEPS, takeIncidentStep, type Around, type Incident, type IncidentContext, type Step, type WholeIncident } from "../live/incidents";
import { idOf, type LivePlace, type Named } from "../live/states";
import type { Words } from "../registers";
import { seenColor } from "../scene/overlay";
import { Failure } from "../service";
import { fixed, headline, moment, number, t, title, valueName } from "../words";
import { lasting, when } from "./ago";
import { wrong } from "./failure";
import { frame, framed } from "./list_frame";
import { LivePart } from "./live_part";
import { look } from "./look";
import { severities, severitySign } from "./severity";
import { answered, sheet } from "./sheet";
import { whereabouts } from "./whereabouts";

const AROUND = ["doors", "gates", "people", "vehicles", "assets"] as const;
interface Spot { lon: number; lat: number; height_m: number }

const SHOWN_AT_FIRST = 8;
const SPOT_M = 14;
/** The past is shown as it was known then: an alarm is known a little after it was raised. */
const KNOWN_MS = 2000;

export class TwinIncident extends LivePart {
  static override styles = [
    look,
    sheet,
    frame,
    severities,
    css`
      section { padding: 12px 0 0; }
      .facts { display: flex; flex-wrap: wrap; gap: 4px 12px; align-items: center; margin-top: 10px; }
      form { display: grid; gap: 8px; margin-top: 10px; padding: 10px 12px; border: 1px solid var(--line); border-radius: 8px; }
      form label { display: grid; gap: 3px; font-size: 13px; color: var(--quiet); }
      form textarea { color: var(--ink); min-height: 46px; }
      .buttons { display: flex; flex-wrap: wrap; gap: 8px; }
      .wrong { color: #b42318; margin: 0; }
      .seen i { display: inline-block; width: 12px; height: 12px; border-radius: 3px; border: 1px solid rgb(20 32 46 / 0.35); margin-right: 6px; }
      .seen button { padding: 0 8px; font-size: 12.5px; }
      .seen button[aria-pressed="true"] { background: var(--accent-wash); border-color: var(--accent); color: var(--accent-strong); }
      ol.steps { margin: 6px 0 0; padding-left: 22px; display: grid; gap: 4px; }
      ul.around { margin: 4px 0 0; padding: 0; list-style: none; display: flex; flex-wrap: wrap; gap: 4px 6px; }
      ul.around li { background: var(--wash); border-radius: 6px; padding: 0 8px; font-size: 13px; line-height: 22px; }
      h4 { margin: 8px 0 0; font-size: 12.5px; font-weight: 600; color: var(--quiet); }
      .log { margin: 6px 0 0; padding: 0; list-style: none; display: grid; gap: 6px; }
    `,
  ];
  static override properties = { ...LivePart.properties, number: { attribute: false }, sending: { state: true }, why: { state: true }, missing: { state: true } };
  /** The id of the incident. */
  declare number: string;
  declare sending: boolean;
  declare why: Failure | null;
  /** A step was asked for without the reason that it needs. */
  declare missing: boolean;
  private readonly whole = new Ask<WholeIncident>(this);
  private readonly context = new Ask<IncidentContext>(this);
  private gone: string | null = null;
  private marked: { at: Spot; label: string } | null = null;
  private told = "";

  constructor() {
    super();
    this.sending = false;
    this.why = null;
    this.missing = false;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.twin.live.chosen.show(null, null);
    this.twin.view?.mark(null);
    this.gone = null;
  }

  override render(): TemplateResult {
    const { live, desk } = this.twin;
    const known = live.watch.known.get(this.number);
    const version = known ? `${known.state} ${known.count} ${known.until} ${known.devices.length}` : "";
    if (version !== "" && version !== this.told) {
      if (this.told !== "") this.whole.refresh();
      this.told = version;
    }
    const whole = this.whole.of(this.number, () => readIncident(this.number));
    const context = this.context.of(this.number, () => readContext(this.number));
    const incident = whole.status === "ready" ? whole.value : (known ?? null);
    if (incident?.id === this.number) this.arrive(incident, context.status === "ready" ? context.value : null);
    const title = incident ? headline(incident.title) : t("incidents.one");
    const body = answered(whole, () => this.whole.forget(), (found) => html`${this.facts(found)} ${this.steps(found)}
      ${answered(context, () => this.context.forget(), (around) => this.around(around))} ${this.log(found)}`);
    return framed(desk, title, incident ? whereabouts(this.twin, incident.place, context.status === "ready" ? named(context.value.room) : undefined) : nothing, body);
  }

  /** Once for each incident: the picture goes there. Who sees it is drawn as soon as it is known. */
  private arrive(incident: Incident, context: IncidentContext | null): void {
    // A part that was taken off the page may still be drawn once more: it lays nothing over the picture.
    if (!this.isConnected) return;
    queueMicrotask(() => {
      if (this.isConnected) this.twin.live.chosen.show(incident, context);
    });
    if (this.gone === incident.id) return this.relabel(incident);
    this.gone = incident.id;
    queueMicrotask(() => void this.fly(incident));
  }

  /** What is marked is called as the page speaks now. */
  private relabel({ title }: Incident): void {
    const label = headline(title);
    if (this.marked === null || this.marked.label === label) return;
    this.marked = { ...this.marked, label };
    this.twin.view?.markAt(this.marked.at, label);
  }

  private async fly({ place, title }: Incident): Promise<void> {
    const { twin } = this;
    this.marked = null;
    const storey = idOf(place?.storey);
    if (storey !== null && twin.opens(storey)) await twin.openStorey(storey, { fly: false });
    const at = this.spot(place);
    if (at === null) {
      // Nobody said a position: its room or zone is gone to as a whole.
      const feature = idOf(place?.room) ?? idOf(place?.segment) ?? idOf(place?.zone);
      return feature === null ? undefined : twin.focus(feature);
    }
    this.marked = { at, label: headline(title) };
    twin.view?.markAt(at, this.marked.label);
    twin.view?.eye.look(at, SPOT_M, { pitch_deg: -48, range: storey === null ? 5 : 3 });
  }

  /** Where it was told to be, else where the register says that its segment runs. */
  private spot(place: LivePlace | null): Spot | null {
    const floor = this.twin.live.floor;
    if (place?.lon != null && place.lat != null) return { lon: place.lon, lat: place.lat, height_m: place.height_m ?? floor };
    const post = this.twin.live.posts.get((idOf(place?.segment) ?? "").replace(":", "/"));
    return post ?? null;
  }

  private facts(incident: WholeIncident): TemplateResult {
    const { live } = this.twin;
    const now = live.past.at_ms ?? live.now_ms;
    const lasts = lasting((incident.until === null || incident.state !== "closed" ? now : Date.parse(incident.until)) - Date.parse(incident.since));
    return html`<div class="facts">
        ${severitySign(incident.severity)} <span class="chip ${incident.state === "open" ? "bad" : incident.state === "closed" ? "good" : "cool"}">${t(`incidents.${incident.state}`)}</span>
        ${incident.flapping ? html`<span class="chip warn" title=${t("incidents.flapping_note")}>${t("incidents.flapping")}</span>` : nothing}
        <button class="fly" @click=${() => void this.fly(incident)}>${t("action.fly")}</button>
        ${live.replays ? nothing : html`<button class="muster" @click=${() => this.twin.desk.showList(["muster", new Date(Date.parse(incident.since)).toISOString(), idOf(incident.place?.building)].filter(Boolean).join("/"))}>${t("muster.open")}</button>`}
        ${live.replays || !this.twin.desk.may("read_track") ? nothing : html`<button class="moment" @click=${() => void live.goTo(Date.parse(incident.since) + KNOWN_MS)}>${t("incidents.replay")}</button>`}
      </div>
      <div class="facts small number"><span>${t("incidents.since", { time: when(incident.since, now), lasts })}</span>${incident.until === null ? nothing : html`<span>${t("incidents.until", { time: when(incident.until, now) })}</span>`}<span>${t("incidents.count", { count: incident.count })}</span></div>
      ${incident.devices.length === 0 ? nothing : html`<ul class="around">${incident.devices.map(({ id, name }) => html`<li>${name ?? id}</li>`)}</ul>`}`;
  }

  /** Nothing is done to the past. */
  private steps(incident: WholeIncident): TemplateResult | typeof nothing {
    const steps = STEPS.filter((step) => (step === "acknowledge" ? incident.state === "open" : step === "comment" || incident.state !== "closed"));
    if (this.twin.live.replays || !this.twin.desk.may("handle_incident")) return nothing;
    return html`<form @submit=${(event: SubmitEvent) => void this.send(event, incident)}>
      <label>${t("incidents.why")}<textarea name="why" maxlength="2000" aria-invalid=${this.missing ? "true" : "false"}></textarea></label>
      ${this.missing ? html`<p class="wrong" role="alert">${t("incidents.why_missing")}</p>` : nothing}
      ${wrong(this.why)}
      ${incident.state === "closed" ? nothing : html`<label>${t("incidents.close_as")}<select name="reason">${CLOSE_REASONS.map((reason) => html`<option value=${reason}>${t(`close.${reason}`)}</option>`)}</select></label>`}
      <div class="buttons">${steps.map((step, at) => html`<button class=${at === 0 ? "primary" : ""} name="step" value=${step} ?disabled=${this.sending}>${t(`step.${step}`)}</button>`)}</div>
    </form>`;
  }

  private async send(event: SubmitEvent, incident: WholeIncident): Promise<void> {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const step = (event.submitter as HTMLButtonElement | null)?.value as Step | undefined;
    const why = String(new FormData(form).get("why") ?? "").trim();
    this.missing = why === "";
    if (step === undefined || why === "") return form.querySelector("textarea")?.focus();
    this.sending = true;
    const reason = String(new FormData(form).get("reason") ?? "");
    const done = await outcome(() => takeIncidentStep(incident, step, step === "close" ? { why, reason } : { why }));
    this.sending = false;
    // What another did meanwhile is shown, and the reason that was written stays to be sent again.
    this.why = done.status !== "failed" ? null : done.why.status === CHANGED ? new Failure("incidents.changed") : done.why;
    if (done.status === "ready") form.reset();
    if (done.status === "ready" || this.why?.key === "incidents.changed") this.whole.refresh();
  }

  private around(context: IncidentContext): TemplateResult {
    return html`${this.cameras(context)} ${this.guards(context)} ${this.procedure(context)}
      <section>
        <h3>${t("incidents.around")}</h3>
        ${context.room ? html`<h4>${t("around.room")}</h4>${things([context.room])}` : nothing}
        ${AROUND.map((name) => this.group(context, name))}
      </section>`;
  }

  private group(context: IncidentContext, name: (typeof AROUND)[number]): TemplateResult | typeof nothing {
    const found = context[name];
    if (found === null) return html`<h4>${t(`around.${name}`)}</h4><span class="small">${unanswered(context, name)}</span>`;
    return found.length === 0 ? nothing : html`<h4>${t(`around.${name}`)} ${number(found.length)}</h4>${things(found)}`;
  }

  private cameras(context: IncidentContext): TemplateResult {
    const { cameras } = context;
    const { chosen } = this.twin.live;
    if (cameras === null) return html`<section><h3>${t("incidents.cameras_unknown")}</h3><span class="small">${unanswered(context, "cameras")}</span></section>`;
    return html`<section>
      <h3>${t("incidents.cameras", { count: cameras.length })}</h3>
      ${cameras.length === 0 ? html`<p class="quiet">${t("incidents.no_camera")}</p>` : nothing}
      <ul class="rows seen">
        ${cameras.map((camera) => {
          const at = chosen.seeing.indexOf(camera.id);
          const facts = [camera.distance_m === null ? "" : t("unit.metres", { value: fixed(camera.distance_m, 0) }), camera.pixels_per_metre === null ? "" : t("incidents.pixels", { value: fixed(camera.pixels_per_metre, 0) }), camera.class === null ? "" : (valueName(`pixels_${camera.class}`) ?? camera.class)].filter(Boolean);
          return html`<li><div class="line"><span>${at >= 0 ? html`<i data-color=${seenColor(at)}></i>` : nothing}${camera.name ?? camera.id}</span><button aria-pressed=${at >= 0 ? "true" : "false"} @click=${() => chosen.toggle(camera.id)}>${t("incidents.cone")}</button></div><span class="small number">${facts.join(" · ")}</span></li>`;
        })}
      </ul>
    </section>`;
  }

  private guards(context: IncidentContext): TemplateResult | typeof nothing {
    const { guards } = context;
    if (guards === null) return html`<section><h3>${t("incidents.guards")}</h3><span class="small">${unanswered(context, "guards")}</span></section>`;
    if (guards.length === 0) return nothing;
    return html`<section>
      <h3>${t("incidents.guards")}</h3>
      <ul class="rows">${guards.map(({ id, name, route_m, seconds }) => html`<li><div class="line"><span>${name ?? id}</span><span class="number">${[route_m === null ? "" : t("unit.metres", { value: fixed(route_m, 0) }), seconds === null ? "" : lasting(seconds * 1000)].filter(Boolean).join(" · ")}</span></div></li>`)}</ul>
    </section>`;
  }

  private procedure({ procedure }: IncidentContext): TemplateResult | typeof nothing {
    if (procedure === null) return nothing;
    return html`<section><h3>${t("incidents.procedure")}</h3><b>${said(procedure.title)}</b><ol class="steps">${procedure.steps.map((step) => html`<li>${said(step)}</li>`)}</ol></section>`;
  }

  private log({ log }: WholeIncident): TemplateResult {
    return html`<section><h3>${t("incidents.log")}</h3>
      <ol class="log">${log.map(({ time, who, what, why, facts }) => html`<li><div>${t(what in DONE ? DONE[what as keyof typeof DONE] : "log.other", { what })}${closedAs(facts?.reason)}${why ? html` · ${why}` : nothing}</div><span class="small">${[who, moment(time)].filter(Boolean).join(" · ")}</span></li>`)}</ol></section>`;
  }

  override updated(): void {
    super.updated();
    for (const swatch of this.renderRoot.querySelectorAll<HTMLElement>("i[data-color]")) swatch.style.background = swatch.dataset["color"] ?? "";
  }
}

function named(room: Around | null): Named {
  return room?.id === undefined ? null : { id: room.id, name: title(room.name ?? null, room.long_name ?? null) };
}

/** Why a part of the context is not there, in the words of the service. */
function unanswered({ unanswered: why }: IncidentContext, part: string): string {
  return t("incidents.unanswered", { why: why?.[part]?.message ?? t("value.unknown") });
}

function nameOf({ id, key, name, long_name, title: said }: Around): string {
  return said ?? (name || long_name ? title(name ?? null, long_name ?? null) : (key ?? id?.split("/").at(-1) ?? ""));
}

const CHANGED = 412;
const DONE = { opened: "log.opened", acknowledge: "log.acknowledged", acknowledged: "log.acknowledged", close: "log.closed", closed: "log.closed", comment: "log.comment", commented: "log.comment", reopened: "log.reopened", assigned: "log.assigned", raised: "log.raised", flapping: "log.flapping", quiet: "log.quiet", merged: "log.merged", split: "log.split" } as const;

function things(all: readonly Around[]): TemplateResult {
  return html`<ul class="around">${all.slice(0, SHOWN_AT_FIRST).map((one) => html`<li>${nameOf(one)}${one.state ? ` · ${valueName(`device_${one.state}`) ?? one.state}` : ""}</li>`)}</ul>
    ${all.length > SHOWN_AT_FIRST ? html`<details><summary class="small">${t("incidents.more", { count: all.length - SHOWN_AT_FIRST })}</summary><ul class="around">${all.slice(SHOWN_AT_FIRST).map((one) => html`<li>${nameOf(one)}</li>`)}</ul></details>` : nothing}`;
}

function said(words: Words | string): string {
  return headline(typeof words === "string" ? { zh: words } : words);
}

/** The words of a reason to close, and nothing for one that the page does not know. */
function closedAs(said: string | undefined): string {
  const reason = CLOSE_REASONS.find((one) => one === said);
  return reason === undefined ? "" : ` · ${t(`close.${reason}`)}`;
}

customElements.define("twin-incident", TwinIncident);
