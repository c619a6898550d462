/** What if a unit moved: a building is chosen, a proposal comes back, and the rooms it takes are tinted in the picture. */

import { css, html, nothing, type TemplateResult } from "lit";

import { Ask, outcome, type Loaded } from "../ask";
import { proposeMove, readOccupancy, type JudgedRoom, type Proposal, type Verdict } from "../planner";
import { address, readInventory } from "../registers";
import { either, number, t } from "../words";
import { look } from "./look";
import { Part } from "./part";
import { answered, area, sheet, verdictChip } from "./sheet";

interface Target { id: number; name: string; feature: string | null }

export class TwinMove extends Part {
  static override styles = [
    look,
    sheet,
    css`
      :host { display: block; padding-bottom: 8px; }
      form { display: grid; grid-template-columns: 1fr auto; gap: 8px; margin-top: 12px; }
      h3 { margin-top: 16px; }
      .said { margin: 12px 0 0; }
    `,
  ];
  static override properties = { ...Part.properties, unit: { attribute: false }, answer: { state: true }, target: { state: true } };
  declare unit: string;
  declare answer: Loaded<Proposal> | null;
  declare target: Target | null;
  private readonly targets = new Ask<Target[]>(this);

  constructor() {
    super();
    this.answer = null;
    this.target = null;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.twin.desk.tint(null);
  }

  override render(): TemplateResult {
    return html`<p class="small">${t("move.hint")}</p>
      ${answered(this.targets.of("buildings", allBuildings), () => this.targets.forget(), (targets) => this.form(targets))}
      ${this.answer === null ? nothing : answered(this.answer, () => void this.propose(), (proposal) => this.proposal(proposal))}`;
  }

  private form(targets: Target[]): TemplateResult {
    return html`<form
      @submit=${(event: SubmitEvent) => {
        event.preventDefault();
        const chosen = new FormData(event.target as HTMLFormElement).get("building");
        this.target = targets.find(({ id }) => String(id) === chosen) ?? null;
        void this.propose();
      }}
    >
      <select name="building" aria-label=${t("move.building")}>${targets.map(({ id, name }) => html`<option value=${id}>${name}</option>`)}</select>
      <button class="primary">${t("move.propose")}</button>
    </form>`;
  }

  private proposal(proposal: Proposal): TemplateResult {
    return html`<div class="sums">
        <div><b>${number(proposal.seated)} / ${number(proposal.people)}</b><span class="small">${t("move.seated")}</span></div>
        <div><b>${number(proposal.rooms_used)}</b><span class="small">${t("move.rooms_used")}</span></div>
        <div><b>${number(proposal.area_used_m2, 0)}</b><span class="small">${t("move.area_used")}</span></div>
        <div><b>${number(proposal.left_empty.area_m2, 0)}</b><span class="small">${t("move.left_empty", { count: proposal.left_empty.rooms.length })}</span></div>
      </div>
      <p class="said"><span class="chip ${proposal.fits ? "good" : "bad"}">${t(proposal.fits ? "move.fits" : "move.does_not_fit")}</span> ${either(proposal)}</p>
      ${proposal.left_over.length === 0
        ? nothing
        : html`<h3>${t("move.left_over")}</h3><ul class="rows">${proposal.left_over.map((mover) => html`<li><span>${this.name(mover)}</span><span class="small">${either(mover)}</span></li>`)}</ul>`}
      <table>
        <caption>${t("move.who_goes_where")}</caption>
        <thead><tr><th>${t("move.room")}</th><th>${t("move.people")}</th><th class="right">${t("unit_space.area")}</th></tr></thead>
        <tbody>
          ${proposal.rooms.map(
            (room) => html`<tr>
              <td><button class="link" @click=${() => this.twin.desk.showRecord({ kind: "room", key: room.room })}>${[room.storey, room.number ?? room.room].filter(Boolean).join(" ")}</button></td>
              <td>${room.people.map((mover, at) => html`${at ? t("list.separator") : nothing}${this.name(mover)}`)}</td>
              <td class="right">${area(room.verdict.area_m2)} ${room.verdict.code === "within" ? nothing : verdictChip(room.verdict.code)}</td>
            </tr>`,
          )}
        </tbody>
      </table>`;
  }

  private name({ person, rank }: Proposal["rooms"][number]["people"][number]): TemplateResult {
    return html`${person?.name ?? t("office.hidden_person")} <span class="small">${rank ? either(rank) : ""}</span>`;
  }

  private async propose(): Promise<void> {
    const { target, unit } = this;
    if (!target) return;
    this.answer = { status: "loading" };
    const answer = await outcome(() => proposeMove(unit, target.id));
    if (target !== this.target || unit !== this.unit) return;
    this.answer = answer;
    if (answer.status === "ready") await this.show(answer.value, target);
  }

  /** The rooms of the proposal in the picture, on the storey that most of them are on. */
  private async show({ rooms }: Proposal, target: Target): Promise<void> {
    const offices = await outcome(() => everyRoom(target.id));
    if (offices.status !== "ready") return;
    const taken = new Map(rooms.map(({ room, verdict }) => [room, verdict.code]));
    const tints = new Map<string, Verdict>();
    const storeys = new Map<string, number>();
    for (const office of offices.value) {
      const verdict = taken.get(office.key);
      if (!verdict) continue;
      for (const { feature } of office.spaces) tints.set(feature, verdict);
      const storey = office.place?.path.find(({ kind }) => kind === "storey")?.feature;
      if (storey && office.spaces.length > 0) storeys.set(storey, (storeys.get(storey) ?? 0) + 1);
    }
    this.twin.desk.tint(tints);
    const [most] = [...storeys].sort(([, a], [, b]) => b - a)[0] ?? [];
    if (most) await this.twin.openStorey(most);
  }
}

async function everyRoom(place: number): Promise<JudgedRoom[]> {
  const found: JudgedRoom[] = [];
  let next: string | null = address("/occupancy", { place, limit: 500 });
  while (next !== null) {
    const page = await readOccupancy({}, next);
    found.push(...page.rooms);
    next = page.next;
  }
  return found;
}

/** The buildings of the tree of places, those the registers alone know among them. */
async function allBuildings(): Promise<Target[]> {
  const found: Target[] = [];
  const enter = async (place: number | null): Promise<void> => {
    const { children } = await readInventory(place === null ? {} : { place });
    for (const { id, kind, name, feature } of children) {
      if (id === undefined) continue;
      if (kind === "building") found.push({ id, name, feature: feature ?? null });
      else if (kind === "everything" || kind === "site") await enter(id);
    }
  };
  await enter(null);
  return found;
}

customElements.define("twin-move", TwinMove);
