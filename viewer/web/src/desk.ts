/** What of the registers lies open on the page: who asks, the record or list that is read, the day it is read as of. */

import { Failure } from "./service";
import { drawn, endSession, readCodes, readFeatureRecords, readKinds, readSession, type CodeDocument, type FeatureRecords, type KindDocument, type PlaceDocument, type RecordName, type Session } from "./registers";
import { outcome, type Loaded } from "./ask";
import { TONES, type Verdict } from "./planner";
import type { Twin } from "./twin";
import { either, t } from "./words";

/**
 * `list`: `differences/CODE`, `stocktakes/3/missing`, `imports/KIND`, `import/12/CODE`, `worklist/FAMILY`, `moves/requests`;
 * each also without its ends. `incidents`, `incident/ID`: what runs;
 * `gate/KEY`, `journey/TAB/KEY` of a vehicle, `muster/SINCE/BUILDING`: what is live of them.
 */
export type Shown = { what: "feature" } | { what: "portal" } | { what: "record"; name: RecordName } | { what: "list"; list: string };
/** What is for who may see what is live, with or without registers. */
export const isLiveList = (list: string | null): boolean => /^(incidents?|gate|journey|muster)(\/|$)/.test(list ?? "");
export type Tab = "facts" | "office" | "assets" | "work";

export class Desk {
  session: Session | null = null;
  kinds = new Map<string, KindDocument>();
  private codes = new Map<string, CodeDocument>();
  shown: Shown = { what: "feature" };
  tab: Tab = "facts";
  /** Of the selected feature: its place in the registers and its records. */
  known: Loaded<FeatureRecords> | null = null;
  /** Feature → verdict: how the rooms of the open storey are tinted, null where they show their use. */
  verdicts: ReadonlyMap<string, Verdict> | null = null;
  private flight: RecordName | null = null;
  private readonly visited: Shown[] = [];

  constructor(private readonly twin: Twin) {}

  /** Whether the registers can be read at all by who asks. */
  get reads(): boolean {
    return this.may("read_record");
  }

  may(action: string): boolean {
    return this.session?.actions.some((one) => one === action || one === "*") ?? false;
  }

  /** Whether any ledger is wholly for who asks: a ledger is whole, and a row nobody could read may be anybody's. */
  get seesLedgers(): boolean {
    return this.reads && (this.session?.units.includes("*") ?? false) && (this.session?.labels.includes("*") ?? false);
  }

  /** Learns who asks and what kinds of records there are; without registers the page is what it is without them. */
  async open(): Promise<void> {
    const session = await outcome(readSession);
    this.session = session.status === "ready" ? session.value : null;
    const [kinds, codes] = this.reads ? await Promise.all([outcome(readKinds), outcome(readCodes)]) : [];
    this.codes = new Map(codes?.status === "ready" ? codes.value.codes.map((one) => [one.code, one]) : []);
    this.kinds = new Map(kinds?.status === "ready" ? kinds.value.kinds.map((kind) => [kind.name, kind]) : []);
    this.changed();
  }

  async signOut(): Promise<void> {
    const ended = await outcome(endSession);
    if (ended.status === "failed") this.twin.warn(ended.why);
    else location.assign("/login");
  }

  /** What a finding code means, in the language that is spoken; the code itself where nobody said. */
  meaning(code: string): string {
    const words = this.codes.get(code);
    return words ? either(words) : code;
  }

  showPortal(): void {
    this.shown = { what: "portal" };
    this.changed();
  }

  showList(list: string): void {
    this.turnTo({ what: "list", list });
  }

  /** The list that lies open, filtered otherwise: one goes back to it as it is now. */
  refineList(list: string): void {
    this.shown = { what: "list", list };
    this.changed();
    this.twin.remember();
  }

  /** `kind/key` of the record that lies open, for the address. */
  get address(): string | null {
    return this.shown.what === "record" ? `${this.shown.name.kind}/${this.shown.name.key}` : null;
  }

  /** The list that lies open, for the address. */
  get list(): string | null {
    return this.shown.what === "list" ? this.shown.list : null;
  }

  openAddress(record: string | null, list: string | null): void {
    const [kind, ...key] = (record ?? "").split("/");
    if (kind && key.length > 0) this.shown = { what: "record", name: { kind, key: key.join("/") } };
    else if (list && (isLiveList(list) ? this.twin.live.access === "given" : this.reads)) this.shown = { what: "list", list };
    else if (this.shown.what !== "portal") this.shown = { what: "feature" };
    this.changed();
  }

  /** What is selected in the picture takes the place of the record that lies open. */
  leaveRecord(): void {
    this.visited.length = 0;
    this.shown = { what: "feature" };
    this.twin.view?.mark(null);
  }

  /** Opens a record; once its place is known and drawn, the picture goes there. */
  showRecord(name: RecordName, { fly = true } = {}): void {
    this.flight = fly ? name : null;
    this.twin.view?.mark(null);
    this.turnTo({ what: "record", name });
  }

  /** The dossier of what was opened has come, and says where it is. */
  arrive(name: RecordName, place: PlaceDocument | null, label: string): void {
    if (this.flight === null || !same(this.flight, name)) return;
    this.flight = null;
    if (place && drawn(place)) void this.goTo(place, label);
  }

  /** One record or list back, or to what is selected in the picture. */
  back(): void {
    this.shown = this.visited.pop() ?? { what: "feature" };
    this.changed();
    this.twin.remember();
  }

  close(): void {
    this.leaveRecord();
    this.twin.view?.select(this.twin.selected);
    this.changed();
    this.twin.remember();
  }

  choose(tab: Tab): void {
    this.tab = tab;
    this.changed();
  }

  /** Flies to where something stands: its spot with a mark, else its room, storey or building. */
  async goTo(place: PlaceDocument, label: string): Promise<void> {
    const there = drawn(place);
    const { view } = this.twin;
    if (!view || !there) return this.twin.warn(new Failure("failure.nowhere", { what: label }));
    const storey = place.path.find(({ kind }) => kind === "storey")?.feature ?? null;
    if (storey && there.kind !== "building") await this.twin.openStorey(storey, { fly: there.kind === "storey" });
    await this.twin.focus(there.feature, { fly: !place.site_xyz && there.kind !== "storey" });
    if (place.site_xyz) view.goToSpot(place.site_xyz, label);
    else view.mark(null);
  }

  /** The selected feature changed: what the registers know of it is asked, and a record that lay open gives way to it. */
  async featureChanged(site: string, id: string | null): Promise<void> {
    this.known = id === null || !this.reads ? null : { status: "loading" };
    if (id === null || !this.reads) return this.changed();
    const known = await outcome(() => readFeatureRecords(site, id));
    if (this.twin.selected !== id) return;
    this.known = known;
    this.changed();
  }

  tint(verdicts: ReadonlyMap<string, Verdict> | null): void {
    if (verdicts === this.verdicts) return;
    this.verdicts = verdicts;
    this.showVerdicts();
    this.changed();
  }

  /** Says the verdicts anew: in another language, or on the labels of another storey. */
  showVerdicts(): void {
    const words = [...(this.verdicts ?? [])].map(([id, verdict]) => [id, { word: t(`verdict.${verdict}`), tone: TONES[verdict] }] as const);
    this.twin.view?.tint(this.verdicts, new Map(words.filter(([, { tone }]) => tone !== "none")));
  }

  private turnTo(next: Shown): void {
    const again = this.shown.what === "record" && next.what === "record" && same(this.shown.name, next.name);
    if (this.shown.what !== "feature" && !again) this.visited.push(this.shown);
    this.shown = next;
    this.changed();
    this.twin.remember();
  }

  private changed(): void {
    this.twin.set({});
  }
}

function same(a: RecordName, b: RecordName): boolean {
  return a.kind === b.kind && a.key === b.key;
}
