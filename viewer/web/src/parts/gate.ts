/** One gate: who is inside now, who passed it last, who is announced. */

import { css, html, nothing, type TemplateResult } from "lit";

import { Ask } from "../ask";
import { INSIDE_AT_MOST, readInside, readPassages, readVisits, type InsidePage, type InsideRow } from "../live/gates";
import { SUBJECTS, type Passage, type Subject } from "../live/passage";
import { dueOf, visitsAt, type Visit } from "../live/visits";
import { number, t } from "../words";
import { lasting, when } from "./ago";
import { frame, framed } from "./list_frame";
import { LivePart } from "./live_part";
import { look } from "./look";
import { answered, sheet, tabs } from "./sheet";
import { deviceName, whoLine } from "./who";

const TABS = ["inside", "passages", "visits"] as const;
const AGAIN_MS = 5000;
const PASSAGES = 60;
const FOR_CARS = new Set(["vehicle", "mixed", "both"]);

export class TwinGate extends LivePart {
  static override styles = [
    look,
    sheet,
    frame,
    css`
      .out { color: #9a5b00; } .in { color: #0b6b49; }
      .way { font-weight: 600; white-space: nowrap; }
      .refused { color: #b42318; font-weight: 600; }
      .foot { margin: 12px 0 0; }
    `,
  ];
  static override properties = { ...LivePart.properties, gate: { attribute: false }, tab: { state: true }, subject: { state: true }, own: { state: true } };
  /** The key of the gate. */
  declare gate: string;
  declare tab: (typeof TABS)[number];
  declare subject: Subject | null;
  /** Whether only those are listed who came in by this gate. */
  declare own: boolean;
  private readonly inside = { vehicle: new Ask<InsidePage>(this), person: new Ask<InsidePage>(this) };
  private readonly passages = new Ask<Passage[]>(this);
  private readonly visits = new Ask<{ visits: Visit[]; matched: number }>(this);
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor() {
    super();
    this.tab = "inside";
    this.subject = null;
    this.own = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.timer = setInterval(() => this.again(), AGAIN_MS);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.timer);
  }

  private get isForCars(): boolean {
    return this.post?.type == null || FOR_CARS.has(this.post.type);
  }

  private get post(): { name: string | null; type: string | null } | undefined {
    return this.twin.live.posts.get(`gate/${this.gate}`);
  }

  private again(): void {
    if (this.tab === "passages") this.passages.refresh();
    if (this.tab === "visits") this.visits.refresh();
    this.inside.vehicle.refresh();
    if (this.twin.desk.may("read_person")) this.inside.person.refresh();
  }

  override render(): TemplateResult {
    const { twin } = this;
    const state = twin.live.states.get(`gate/${this.gate}`);
    const passed = state?.in === undefined || state.out === undefined ? nothing : t("gate.today", { in: state.in, out: state.out });
    const shown = TABS.filter((name) => name === "inside" || (name === "passages" ? twin.desk.may("read_track") : twin.desk.reads && twin.desk.may("read_person")));
    const body = html`${twin.live.replays ? html`<p class="quiet">${t("live.now_only")}</p>` : nothing}
      ${this.tab === "inside" ? this.insideNow() : this.tab === "passages" ? this.passed() : this.announced()}`;
    const bar = tabs(t("gate.tabs"), shown.map((name) => ({ name, label: t(`gate.${name}`) })), this.tab, (tab) => (this.tab = tab));
    return framed(twin.desk, deviceName(twin, `gate/${this.gate}`), passed, html`${bar}${body}`);
  }

  private insideNow(): TemplateResult {
    const { twin } = this;
    const subjects = SUBJECTS.filter((one) => one === "vehicle" || twin.desk.may("read_person"));
    const subject = this.subject ?? (this.isForCars || subjects.length === 1 ? "vehicle" : "person");
    const pages = subjects.map((one) => ({ one, page: this.inside[one].of(twin.site?.code ?? "", () => readInside(twin.site?.code ?? "", one)) }));
    const page = pages.find(({ one }) => one === subject)?.page ?? { status: "loading" as const };
    const count = (one: Subject): string => {
      const found = pages.find((each) => each.one === one)?.page;
      return found?.status === "ready" ? ` ${number(found.value.numberMatched)}` : "";
    };
    return html`<div class="filters" role="group" aria-label=${t("gate.whom")}>
        ${subjects.map((one) => html`<button aria-pressed=${one === subject ? "true" : "false"} @click=${() => (this.subject = one)}>${t(`subject.${one}`)}${count(one)}</button>`)}
        <button class="own" aria-pressed=${this.own ? "true" : "false"} @click=${() => (this.own = !this.own)}>${t("gate.own")}</button>
      </div>
      ${answered(page, () => this.inside[subject].forget(), (found) => this.list(subject, found))}
      <p class="foot"><button class="muster" @click=${() => twin.desk.showList(`muster/${new Date(Math.floor(twin.live.now_ms)).toISOString()}`)}>${t("muster.begin")}</button></p>`;
  }

  private list(subject: Subject, page: InsidePage): TemplateResult {
    const own = page.inside.filter(({ through }) => !this.own || through === `gate/${this.gate}`).sort((a, b) => (b.since ?? "").localeCompare(a.since ?? ""));
    if (own.length === 0) return html`<p class="quiet">${t(this.own ? "gate.nobody_own" : "gate.nobody")}</p>`;
    return html`<ul class="rows inside">${own.map((row) => this.row(subject, row))}</ul>
      ${page.next === null ? nothing : html`<p class="small">${t("list.shown_of", { shown: INSIDE_AT_MOST, all: page.numberMatched })}</p>`}`;
  }

  private row(subject: Subject, { key, since, through, seen, seen_at, who }: InsideRow): TemplateResult {
    const now = this.twin.live.now_ms;
    const later = seen !== null && seen !== since ? t("gate.seen", { gate: deviceName(this.twin, seen_at), time: when(seen, now) }) : null;
    return html`<li data-key=${key}>
      <div class="line">${whoLine(this.twin, subject, key, who)}<span class="number">${since === null ? "" : lasting(now - Date.parse(since))}</span></div>
      <span class="small">${[since === null ? null : t("gate.came", { gate: deviceName(this.twin, through), time: when(since, now) }), later].filter(Boolean).join(" · ")}</span>
    </li>`;
  }

  private passed(): unknown {
    const state = this.passages.of(this.gate, () => readPassages(this.gate, PASSAGES));
    const now = this.twin.live.now_ms;
    const known = new Map(this.allInside().map(({ key, who }) => [key, who]));
    return answered(state, () => this.passages.forget(), (all) =>
      all.length === 0
        ? html`<p class="quiet">${t("gate.nobody_passed")}</p>`
        : html`<ul class="rows passages">${all.map(({ at, direction, subject, key, granted }) => html`<li>
            <div class="line"><span><span class="way ${direction ?? ""}">${t(direction === "in" ? "way.in" : direction === "out" ? "way.out" : "way.there")}</span> ${key !== null && known.get(key) ? whoLine(this.twin, subject, key, known.get(key) ?? null) : html`<span class="number">${key ?? t(`subject.one_${subject}`)}</span>`}</span><span class="number">${when(at, now)}</span></div>
            ${granted === false ? html`<span class="refused">${t("gate.refused")}</span>` : nothing}
          </li>`)}</ul>`,
    );
  }

  /** All who are inside, as far as they are known by now. */
  private allInside(): InsideRow[] {
    const site = this.twin.site?.code ?? "";
    const subjects = SUBJECTS.filter((one) => one === "vehicle" || this.twin.desk.may("read_person"));
    return subjects.flatMap((one) => {
      const page = this.inside[one].of(site, () => readInside(site, one));
      return page.status === "ready" ? page.value.inside : [];
    });
  }

  private announced(): unknown {
    const { twin } = this;
    const now = twin.live.now_ms;
    const inside = new Set(this.allInside().map(({ key }) => key));
    const state = this.visits.of("all", readVisits);
    return answered(state, () => this.visits.forget(), ({ visits, matched }) => {
      const rows = visitsAt(visits, this.gate, now);
      if (rows.length === 0) return html`<p class="quiet">${t("gate.nobody_announced")}</p>`;
      return html`<ul class="rows visits">${rows.map((visit) => this.visit(visit, now, inside))}</ul>
        ${matched > visits.length ? html`<p class="small">${t("list.shown_of", { shown: visits.length, all: matched })}</p>` : nothing}`;
    });
  }

  private visit(visit: Visit, now: number, inside: ReadonlySet<string>): TemplateResult {
    const due = dueOf(visit, now);
    const here = [visit.plate, visit.card].some((one) => one !== null && inside.has(one));
    const span = [visit.starts === null ? null : when(visit.starts, now), visit.ends === null ? t("gate.lasting") : when(visit.ends, now)].filter(Boolean).join(" – ");
    return html`<li>
      <div class="line"><button class="link" @click=${() => this.twin.desk.showRecord({ kind: "visit", key: visit.key }, { fly: false })}>${visit.person ?? visit.key}</button>${here ? html`<span class="chip good">${t("gate.is_inside")}</span>` : html`<span class="chip ${due === "due" ? "cool" : ""}">${t(`visit.${due}`)}</span>`}</div>
      <span class="small number">${[visit.plate, visit.card, span].filter(Boolean).join(" · ")}</span>
      ${visit.unit ? html`<span class="small">${t("gate.host", { unit: visit.unit })}</span>` : nothing}
    </li>`;
  }
}

customElements.define("twin-gate", TwinGate);
