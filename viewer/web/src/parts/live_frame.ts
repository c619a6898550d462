/** What lies over the picture while it lives: the frame and the words of a replay, a new incident, the card of what is chosen. */

import { css, html, nothing, type TemplateResult } from "lit";

import { BIT } from "../live/frame";
import { toneOf } from "../live/standing";
import type { DeviceState } from "../live/states";
import { dateClock, fixed, headline, number, t, valueName } from "../words";
import { lasting, when } from "./ago";
import { LivePart } from "./live_part";
import { look } from "./look";
import { severities, severitySign } from "./severity";

const NOTICE_MS = 20_000;
const TICK_MS = 1000;
const STATES = [["alarm", BIT.alarm], ["silent", BIT.silent], ["no_fix", BIT.no_fix], ["doubted", BIT.doubted], ["moving", BIT.moving], ["backlog", BIT.backlog]] as const;

export class TwinLiveFrame extends LivePart {
  static override styles = [
    look,
    severities,
    css`
      :host { position: absolute; inset: 0; pointer-events: none; z-index: 1; }
      .replay { position: absolute; inset: 0; border: 5px solid #b45309; }
      .replay b { position: absolute; top: 0; left: 50%; translate: -50% 0; background: #b45309; color: #fff; padding: 3px 16px 5px; border-radius: 0 0 10px 10px; white-space: nowrap; font-variant-numeric: tabular-nums; }
      .card, .notice { pointer-events: auto; position: absolute; left: 12px; background: var(--paper); border: 1px solid var(--line); border-radius: 10px; box-shadow: var(--shadow); }
      .card { top: 12px; width: min(270px, calc(100% - 84px)); padding: 8px 12px 10px; display: grid; gap: 6px; }
      .replay ~ .card { top: 20px; }
      .top { display: flex; gap: 6px; align-items: flex-start; }
      .top h2 { flex: 1; font-size: 15px; overflow-wrap: anywhere; }
      .top button { margin: -3px -6px 0 0; }
      dl { margin: 0; display: grid; grid-template-columns: auto 1fr; gap: 0 12px; font-size: 13px; }
      dt { color: var(--quiet); } dd { margin: 0; font-variant-numeric: tabular-nums; text-align: right; }
      .buttons { display: flex; flex-wrap: wrap; gap: 6px; }
      .buttons button { padding: 1px 9px; font-size: 13px; }
      .notice { bottom: 44px; max-width: min(420px, calc(100% - 24px)); padding: 8px 8px 8px 12px; display: flex; gap: 10px; align-items: center; border-left: 5px solid #c01818; }
      .notice.raised { left: 50%; bottom: 76px; translate: -50% 0; width: max-content; }
      @media (max-width: 1100px) { .notice.raised { bottom: 108px; } }
      .notice span.what { font-weight: 600; overflow-wrap: anywhere; }
      .hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
    `,
  ];
  private timer: ReturnType<typeof setInterval> | undefined;
  private noticed = 0;
  private noticed_ms = 0;
  private put_away = 0;

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
    return html`${live.past.at_ms === null ? nothing : html`<div class="replay"><b>${t("replay.banner", { time: dateClock(live.past.at_ms) })}</b></div>`}
      ${live.chosen.handle === null ? (live.chosen.device === null ? nothing : this.device(live.chosen.device)) : this.mover(live.chosen.handle)}
      ${this.notice()}
      <div class="hidden" role="log" aria-live="assertive">${live.watch.announced === "" ? nothing : html`<p>${t("incidents.announced", { title: live.watch.announced, number: live.watch.spoken })}</p>`}</div>`;
  }

  /** The newest incident, for a while: it takes no focus and nothing away. */
  private notice(): TemplateResult | typeof nothing {
    const { watch } = this.twin.live;
    if (watch.spoken !== this.noticed) [this.noticed, this.noticed_ms] = [watch.spoken, Date.now()];
    const newest = watch.newest;
    if (newest === null || this.put_away === watch.spoken || Date.now() - this.noticed_ms > NOTICE_MS) return nothing;
    return html`<div class="notice ${this.twin.storey === null ? "" : "raised"}">
      ${severitySign(newest.severity)}<span class="what">${headline(newest.title)}</span>
      <button class="primary" @click=${() => this.open(newest.id)}>${t("incidents.look")}</button>
      <button class="plain" aria-label=${t("action.close")} title=${t("action.close")} @click=${() => this.putAway()}>✕</button>
    </div>`;
  }

  private open(id: string): void {
    this.putAway();
    this.twin.desk.showList(`incident/${id}`);
  }

  private putAway(): void {
    this.put_away = this.twin.live.watch.spoken;
    this.requestUpdate();
  }

  private card(title: string, facts: (readonly [string, string] | null)[], buttons: unknown): TemplateResult {
    return html`<section class="card" aria-label=${title}>
      <div class="top"><h2>${title}</h2><button class="plain" aria-label=${t("action.close")} title=${t("action.close")} @click=${() => this.twin.live.chosen.pick(null)}>✕</button></div>
      <dl>${facts.map((fact) => (fact === null ? nothing : html`<dt>${fact[0]}</dt><dd>${fact[1]}</dd>`))}</dl>
      <div class="buttons">${buttons}</div>
    </section>`;
  }

  private mover(handle: number): TemplateResult | typeof nothing {
    const { live, desk } = this.twin;
    const found = live.moverOf(handle);
    if (found === null) return nothing;
    const { mover, id, kind, label } = found;
    const now = live.past.at_ms ?? live.now_ms;
    const states = STATES.filter(([, bit]) => (mover.bits & bit) !== 0).map(([name]) => t(`state.${name}`));
    const facts = [
      [t("card.state"), states.length > 0 ? states.join(t("list.separator")) : t("state.standing")] as const,
      mover.speed_kmh === null ? null : ([t("card.speed"), t("unit.kmh", { value: fixed(mover.speed_kmh, 0) })] as const),
      mover.heading_deg === null ? null : ([t("card.heading"), `${fixed(mover.heading_deg, 0)}°`] as const),
      [t("card.accuracy"), mover.accuracy_m === null ? t("value.unknown") : t("card.within", { value: number(mover.accuracy_m, 1) })] as const,
      [t("card.fix"), t("card.ago", { lasts: lasting(now - mover.fix_ms) })] as const,
    ];
    const key = id.split("/").slice(1).join("/");
    return this.card(label, facts, html`<button @click=${() => this.lookAt(mover.lon, mover.lat, mover.height_m)}>${t("action.fly")}</button>
      ${desk.may("read_track") ? html`<button aria-pressed=${live.chosen.hasTrack ? "true" : "false"} @click=${() => void live.chosen.readTrack()}>${t("card.track")}</button>` : nothing}
      ${kind === "vehicle" && desk.may("read_track") ? html`<button class="journey" @click=${() => desk.showList(`journey/trips/${key}`)}>${t("card.journey")}</button>` : nothing}
      ${kind === "vehicle" && desk.may("command_vehicle") ? html`<button class="command" @click=${() => desk.showList(`journey/commands/${key}`)}>${t("card.command")}</button>` : nothing}
      ${kind === "vehicle" && desk.reads ? html`<button @click=${() => desk.showRecord({ kind, key }, { fly: false })}>${t("card.record")}</button>` : nothing}`);
  }

  private device(id: string): TemplateResult | typeof nothing {
    const { live, desk } = this.twin;
    const post = live.posts.get(id);
    const known = live.states.get(id);
    const [kind = "", ...key] = id.split("/");
    const state = live.replays ? undefined : known;
    const place = post ?? (known?.lon != null && known.lat != null ? { lon: known.lon, lat: known.lat, height_m: known.height_m ?? null } : null);
    const facts = [
      [t("card.state"), state ? stateWords(state) : t("value.unknown")] as const,
      state?.since ? ([t("card.since"), when(state.since, live.now_ms)] as const) : null,
      state?.silent_since != null ? ([t("card.silent_since"), when(state.silent_since, live.now_ms)] as const) : null,
      state?.silent_since == null && state?.silent_s != null && state.silent_s > 60 ? ([t("card.silent"), lasting(state.silent_s * 1000)] as const) : null,
      typeof state?.value?.["floor"] === "number" ? ([t("card.floor"), t("card.floor_value", { floor: String(state.value["floor"]) })] as const) : null,
      state && kind === "gate" && state.in !== undefined ? ([t("card.in_today"), number(state.in)] as const) : null,
      state && kind === "gate" && state.out !== undefined ? ([t("card.out_today"), number(state.out)] as const) : null,
    ];
    return this.card(post?.name ?? known?.name ?? key.join("/"), facts, html`${place === null ? nothing : html`<button @click=${() => this.lookAt(place.lon, place.lat, place.height_m)}>${t("action.fly")}</button>`}
      ${kind === "gate" ? html`<button class="inside" @click=${() => desk.showList(id)}>${t("card.inside")}</button>` : nothing}
      ${desk.reads && desk.kinds.has(kind) ? html`<button @click=${() => desk.showRecord({ kind, key: key.join("/") }, { fly: false })}>${t("card.record")}</button>` : nothing}`);
  }

  private lookAt(lon: number, lat: number, height_m: number | null): void {
    this.twin.view?.eye.look({ lon, lat, height_m: height_m ?? this.twin.site?.origin.height_m ?? 0 }, 14, { pitch_deg: -45, range: 4 });
  }
}

/** The state as one of four words, and beside it the device's own where it says more. */
function stateWords(state: DeviceState): string {
  if (state.silent_since != null) return t("state.silent");
  const tone = toneOf(state);
  const said = [state.state, ...(state.alarms ?? [])].filter((one): one is string => one !== null && one !== tone);
  return [t(`tone.${tone}`), ...said.map((one) => valueName(`device_${one}`) ?? one)].join(" · ");
}

customElements.define("twin-live-frame", TwinLiveFrame);
