/** The state of the page and everything that changes it; parts listen for `change`. */

import { formatPlace, NOWHERE, parsePlace, type Place } from "./address";
import type { LayerSwitches } from "./scene/layers";
import type { Quality } from "./scene/stage";
import { outcome } from "./ask";
import { Desk, isLiveList } from "./desk";
import { Live } from "./live/live";
import type { View } from "./scene/view";
import {
  Failure,
  listSites,
  readFeature,
  readRooms,
  readSite,
  readTree,
  type BuildingEntry,
  type ChildFeature,
  type FeatureDocument,
  type SiteDocument,
  type SiteName,
  type SiteTree,
  type StoreyEntry,
} from "./service";
import { buildingTitle, byName, language, speak, t, title } from "./words";

export type Phase = "loading" | "ready" | "empty" | "no_tiles" | "failed" | "no_webgl";
export type Rooms = { status: "loading" } | { status: "failed" } | { status: "ready"; rooms: ChildFeature[] };
export type Details = { status: "none" } | { status: "loading"; id: string } | { status: "failed"; id: string; why: Failure } | { status: "ready"; feature: FeatureDocument };

export const SECTION_ABOVE_FLOOR_M = 1.3;
const STORED_QUALITY = "twin.quality";
const COVERED_ABOVE_FLOOR_M = 0.3;

export class Twin extends EventTarget {
  phase: Phase = "loading";
  why: Failure | null = null;
  sites: SiteName[] = [];
  site: SiteDocument | null = null;
  tree: SiteTree | null = null;
  rooms = new Map<string, Rooms>();
  selected: string | null = null;
  details: Details = { status: "none" };
  storey: string | null = null;
  section_m = SECTION_ABOVE_FLOOR_M;
  switches: LayerSwitches = { city: true, terrain: true, furniture: true, spaces: true };
  quality: Quality = { shadows: true, ambient_occlusion: true, smooth_edges: true };
  /** Tiles on their way, and the most there were since all had come. */
  pending = 0;
  peak = 0;
  warnings: Failure[] = [];
  panels = true;
  view: View | null = null;
  readonly desk = new Desk(this);
  readonly live = new Live(this);
  private written: Place = NOWHERE;
  private stepping = false;
  private recalling = false;

  /** Opens the site of the address, or the first there is. */
  async open(): Promise<void> {
    const view = this.view;
    if (!view) return this.set({ phase: "no_webgl" });
    this.set({ phase: "loading", why: null, warnings: [], selected: null, storey: null, details: { status: "none" }, rooms: new Map() });
    this.setQuality(rememberedQuality() ?? { shadows: !view.software, ambient_occlusion: !view.software, smooth_edges: !view.software });
    const place = parsePlace(location.hash);
    this.recalling = true;
    try {
      const [{ sites }] = await Promise.all([listSites(), this.desk.open()]);
      const code = sites.find(({ code }) => code === place.site)?.code ?? sites[0]?.code;
      if (code === undefined) return this.set({ phase: "empty", sites });
      const [site, tree] = await Promise.all([readSite(code), readTree(code)]);
      this.set({ sites, site, tree: inOrder(tree) });
      this.title();
      const live = this.live.open();
      if (isLiveList(place.list) || place.at_ms !== null) await live;
      if (site.tilesets.length === 0) {
        this.set({ phase: "no_tiles" });
        return await this.goTo(place);
      }
      const failed = await view.open(site);
      view.switches = this.switches;
      if (place.camera) view.eye.place(place.camera);
      else this.home(true);
      this.set({ phase: "ready", warnings: failed.map(({ name }) => new Failure("failure.tileset", { name })) });
      await this.goTo(place);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.set({ phase: "failed", why: error });
    } finally {
      this.recalled();
    }
  }

  async openSite(code: string): Promise<void> {
    history.pushState(null, "", formatPlace({ ...NOWHERE, site: code }));
    await this.open();
  }

  /** Goes where the address now says: after back, forward, or a link pasted over the old one. */
  async follow(): Promise<void> {
    const place = parsePlace(location.hash);
    if (place.site !== (this.site?.code ?? null) || (this.phase !== "ready" && this.phase !== "no_tiles")) return this.open();
    this.recalling = true;
    try {
      if (place.camera) this.view?.eye.place(place.camera);
      if (place.storey === null) this.leaveStorey();
      await this.goTo(place);
    } finally {
      this.recalled();
    }
  }

  /** The whole compound: its buildings from the south, above. */
  home(instant = false): void {
    if (!this.site || !this.view) return;
    const centres = (this.tree?.buildings ?? []).filter(({ centre }) => centre !== null);
    const { origin } = this.site;
    if (centres.length === 0) return this.view.eye.look(origin, 150, { heading_deg: 335, pitch_deg: -30, instant });
    const mean = (pick: (entry: BuildingEntry) => number): number => centres.reduce((sum, entry) => sum + pick(entry), 0) / centres.length;
    const at = { lon: mean(({ centre }) => centre?.lon ?? 0), lat: mean(({ centre }) => centre?.lat ?? 0), height_m: mean(({ centre }) => centre?.height_m ?? 0) };
    const east_m = 111_320 * Math.cos((at.lat * Math.PI) / 180);
    const reach = centres.map(({ centre, radius_m }) =>
      centre ? Math.hypot((centre.lon - at.lon) * east_m, (centre.lat - at.lat) * 111_320) + (radius_m ?? 0) : 0,
    );
    this.view.eye.look(at, Math.max(...reach), { heading_deg: 335, pitch_deg: -30, range: 2, instant });
  }

  /** Selects a feature, reads what is known of it, and shows the panel; null clears. */
  async select(id: string | null, { fly = false } = {}): Promise<void> {
    if (!this.site) return;
    this.desk.leaveRecord();
    this.view?.select(id);
    this.set({ selected: id, details: id === null ? { status: "none" } : { status: "loading", id } });
    this.remember();
    void this.desk.featureChanged(this.site.code, id);
    if (id === null) return;
    try {
      const feature = await readFeature(this.site.code, id);
      if (this.selected !== id) return;
      this.set({ details: { status: "ready", feature } });
      this.markDevice(feature);
      if (fly) this.flyTo(feature);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (this.selected === id) this.set({ details: { status: "failed", id, why: error } });
    }
  }

  /** What registers bring into the scene has no mesh of its own: a pin stands where it is. */
  private markDevice(feature: FeatureDocument): void {
    const position = feature.properties["position"];
    if (feature.properties["record"] === undefined || position === null || typeof position !== "object" || Array.isArray(position)) return;
    const at = position["site_xyz"];
    if (Array.isArray(at) && at.length === 3) this.view?.mark(at.map(Number) as [number, number, number], feature.name ?? feature.id);
  }

  /** Marks a feature in the picture and goes there, while a record stays open in the panel. */
  async focus(id: string, { fly = true } = {}): Promise<void> {
    if (!this.site) return;
    this.view?.select(id);
    const feature = fly ? await outcome(() => readFeature(this.site?.code ?? "", id)) : null;
    if (feature?.status === "ready") this.flyTo(feature.value);
  }

  flyTo(feature: FeatureDocument): void {
    if (!feature.centre || !this.view) return;
    const inside = feature.kind === "space" || feature.kind === "element";
    this.view.eye.look(feature.centre, feature.radius_m || 10, { pitch_deg: inside ? -50 : -30, range: inside ? 3.2 : 2.6 });
  }

  warn(warning: Failure): void {
    if (!this.warnings.some(({ words }) => words === warning.words)) this.set({ warnings: [...this.warnings, warning] });
  }

  loading(pending: number): void {
    this.set({ pending, peak: pending === 0 ? 0 : Math.max(pending, this.peak) });
  }

  /** From a list: a storey opens, a room opens its storey, anything else is flown to. */
  async visit(id: string, kind: string, storey: string | null): Promise<void> {
    if (kind === "site") return this.home();
    if (kind === "building") this.leaveStorey();
    const opens = kind === "storey" ? id : kind === "space" && storey !== this.storey ? storey : null;
    const opened = opens === null ? undefined : this.openStorey(opens, { fly: kind === "storey" });
    await Promise.all([opened, this.select(id, { fly: kind !== "storey" })]);
  }

  /** One step out: what is selected is let go, then the open storey is closed. */
  stepOut(): void {
    if (this.desk.shown.what !== "feature") this.desk.close();
    else if (this.selected !== null) void this.select(null);
    else this.leaveStorey();
  }

  /** Cuts a storey open `section_m` above its floor and looks into it. */
  async openStorey(id: string, { fly = true } = {}): Promise<void> {
    const found = this.findStorey(id);
    if (!found) return this.warn(new Failure("failure.not_found", { what: id }));
    const { building, storey } = found;
    if (!this.view || !this.opens(id)) return this.readRooms(id);
    this.set({ storey: id, section_m: SECTION_ABOVE_FLOOR_M });
    this.cut();
    this.remember();
    if (fly && building.centre && storey.z_range && building.z_range) {
      const floor = building.centre.height_m + storey.z_range[0] - (building.z_range[0] + building.z_range[1]) / 2;
      const flat = Math.sqrt(Math.max((building.radius_m ?? 20) ** 2 - ((building.z_range[1] - building.z_range[0]) / 2) ** 2, 25));
      this.view.eye.look({ ...building.centre, height_m: floor }, flat, { pitch_deg: -52, range: 1.8 });
    }
    await this.readRooms(id);
  }

  leaveStorey(): void {
    if (this.storey === null) return;
    this.set({ storey: null });
    this.cut();
    this.remember();
  }

  setSection(section_m: number): void {
    this.set({ section_m });
    this.cut();
  }

  async readRooms(storey: string): Promise<void> {
    const known = this.rooms.get(storey);
    if (!this.site || (known && known.status !== "failed")) return;
    this.setRooms(storey, { status: "loading" });
    try {
      const rooms = await readRooms(this.site.code, storey);
      this.setRooms(storey, { status: "ready", rooms: rooms.sort((a, b) => byName(title(a.name, a.long_name), title(b.name, b.long_name))) });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.setRooms(storey, { status: "failed" });
    }
  }

  setSwitches(change: Partial<LayerSwitches>): void {
    this.set({ switches: { ...this.switches, ...change } });
    if (this.view) this.view.switches = this.switches;
  }

  setQuality(quality: Quality, keep = false): void {
    this.set({ quality });
    if (this.view) this.view.quality = quality;
    if (!keep) return;
    try {
      localStorage.setItem(STORED_QUALITY, JSON.stringify(quality));
    } catch {
      // Not stored: the next visit decides by what draws.
    }
  }

  changeLanguage(): void {
    speak(language() === "zh" ? "en" : "zh");
    this.desk.showVerdicts();
    this.title();
    this.set({});
  }

  /** Whether a storey stands in the picture, so that it can be cut open. */
  opens(id: string): boolean {
    const found = this.findStorey(id);
    return found !== null && found.storey.z_range !== null && found.building.tileset_key !== null;
  }

  findStorey(id: string): { building: BuildingEntry; storey: StoreyEntry } | null {
    for (const building of this.tree?.buildings ?? []) {
      const storey = building.storeys.find((entry) => entry.id === id);
      if (storey) return { building, storey };
    }
    return null;
  }

  /**
   * Keeps the address of what is seen, so that it can be sent to a colleague.
   * Another selection or storey is a step that the browser's back button undoes; what one click changes together is one step.
   */
  remember(): void {
    if (this.recalling || !this.site || (this.phase !== "ready" && this.phase !== "no_tiles")) return;
    const camera = this.phase === "ready" ? (this.view?.eye.pose ?? null) : null;
    const place: Place = { site: this.site.code, select: this.selected, storey: this.storey, record: this.desk.address, list: this.desk.list, camera, at_ms: this.live.past.at_ms };
    const step = place.site === this.written.site && (place.select !== this.written.select || place.storey !== this.written.storey || place.record !== this.written.record || place.list !== this.written.list);
    if (step && !this.stepping) {
      history.pushState(null, "", formatPlace(place));
      this.stepping = true;
      queueMicrotask(() => (this.stepping = false));
    } else {
      history.replaceState(null, "", formatPlace(place));
    }
    this.written = place;
  }

  set(change: Partial<Twin>): void {
    Object.assign(this, change);
    this.dispatchEvent(new Event("change"));
  }

  /** What was gone to by an address is no new step: the entry it came from is kept, and written as it now is. */
  private recalled(): void {
    this.recalling = false;
    this.written = { site: this.site?.code ?? null, select: this.selected, storey: this.storey, record: this.desk.address, list: this.desk.list, camera: null, at_ms: this.live.past.at_ms };
    this.remember();
  }

  private async goTo({ storey, select, record, list, camera, at_ms }: Place): Promise<void> {
    const fly = camera === null;
    if (at_ms !== this.live.past.at_ms && this.live.access === "given") await this.live.goTo(at_ms);
    if (storey !== null && storey !== this.storey) await this.openStorey(storey, { fly });
    if (select !== this.selected) await this.select(select, { fly: fly && storey === null });
    if (record !== this.desk.address || list !== this.desk.list) this.desk.openAddress(record, list);
  }

  private cut(): void {
    this.live.drawDevices();
    const found = this.storey === null ? null : this.findStorey(this.storey);
    const key = found?.building.tileset_key;
    if (!found?.storey.z_range || !key) {
      this.view?.cutOpen(null, []);
      return;
    }
    const [floor] = found.storey.z_range;
    const rooms = this.rooms.get(found.storey.id);
    const ground = found.building.storeys.find(({ elevation_m }) => (elevation_m ?? 0) > -COVERED_ABOVE_FLOOR_M)?.z_range?.[0];
    const hides_terrain = ground !== undefined && floor < ground - COVERED_ABOVE_FLOOR_M;
    this.view?.cutOpen({ tileset_key: key, storey: found.storey.id, z: floor + this.section_m, hides_terrain }, rooms?.status === "ready" ? rooms.rooms : []);
  }

  private setRooms(storey: string, rooms: Rooms): void {
    this.set({ rooms: new Map(this.rooms).set(storey, rooms) });
    if (storey === this.storey) this.cut();
  }

  private title(): void {
    document.title = this.site ? t("app.title_of_site", { site: this.site.name }) : t("app.title");
  }
}

function inOrder({ site, buildings }: SiteTree): SiteTree {
  return { site, buildings: [...buildings].sort((a, b) => byName(buildingTitle(a), buildingTitle(b))) };
}

function rememberedQuality(): Quality | null {
  try {
    const stored = JSON.parse(localStorage.getItem(STORED_QUALITY) ?? "null") as Partial<Quality> | null;
    return stored ? { shadows: stored.shadows === true, ambient_occlusion: stored.ambient_occlusion === true, smooth_edges: stored.smooth_edges === true } : null;
  } catch {
    return null;
  }
}
