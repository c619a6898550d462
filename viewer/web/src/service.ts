/** The service as the page sees it: documents, addresses, and failures in words. */

import { either, t, type Key } from "./words";

export interface SiteName { code: string; name: string }
export interface LonLatHeight { lon: number; lat: number; height_m: number }
export type Range = [number, number];
export type TilesetKind = "building" | "city" | "terrain";
export type Kind = "site" | "building" | "storey" | "space" | "element" | "city_object" | "terrain" | Device;
/** What registers bring into the scene. */
export type Device = "camera" | "gate" | "zone" | "guard_post" | "perimeter_segment" | "door" | "fire_point" | "panic_button" | "lift";

export interface TilesetEntry {
  key: string;
  kind: TilesetKind;
  name: string;
  url: string;
  building_ids: string[];
  z_range: Range | null;
}

export interface SiteDocument {
  code: string;
  name: string;
  origin: LonLatHeight;
  /** Column-major 4×4, site east-north-up metres to EPSG:4978. */
  to_ecef: number[];
  revision: string | number | null;
  tilesets: TilesetEntry[];
  counts: Record<
    "buildings" | "storeys" | "rooms" | "elements" | "city_objects" | "cameras" | "gates" | "zones" | "guard_posts" | "perimeter_segments" | "doors" | "fire_points" | "panic_buttons" | "lifts",
    number
  >;
  bounds: { site_xyz: [[number, number, number], [number, number, number]] | null };
}

export interface StoreyEntry {
  id: string;
  name: string | null;
  long_name: string | null;
  elevation_m: number | null;
  /** Site-frame metres. */
  z_range: Range | null;
  rooms: number;
  elements: number;
}

export interface BuildingEntry {
  id: string;
  name: string | null;
  long_name: string | null;
  tileset_key: string | null;
  centre: LonLatHeight | null;
  radius_m: number | null;
  z_range: Range | null;
  rooms: number;
  elements: number;
  storeys: StoreyEntry[];
}

export interface SiteTree { site: SiteName; buildings: BuildingEntry[] }

export interface ChildFeature {
  id: string;
  kind: Kind;
  class: string;
  name: string | null;
  long_name: string | null;
  area_m2: number | null;
  centre: LonLatHeight | null;
  z_range: Range | null;
}

export interface PathStep { id: string; kind: Kind; name: string | null; long_name: string | null }
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

export interface FeatureDocument {
  id: string;
  kind: Kind;
  class: string;
  name: string | null;
  long_name: string | null;
  label: string;
  parent: string | null;
  path: PathStep[];
  building: string | null;
  storey: string | null;
  space: string | null;
  z_range: Range | null;
  centre: LonLatHeight | null;
  radius_m: number | null;
  /** How many of each kind lie below it. */
  counts: Partial<Record<Kind, number>>;
  properties: { [group: string]: Json };
  source: { file: string; sha256: string; entity: string | null; global_id: string | null };
  revision: { id: string; number: number; imported_at: string; who: string; tool: string };
}

/** What the service declined (RFC 9457): words for people in both languages, the exact fact for who mends it. */
interface Problem {
  detail?: string;
  code?: string;
  hint?: string;
  words?: { zh: string; en: string };
  advice?: { zh: string; en: string };
}

/** What went wrong, for a person to act on: said in the language that is spoken when it is shown, not when it happened. */
export class Failure extends Error {
  constructor(
    readonly key: Key,
    private readonly values: Record<string, string> = {},
    private readonly problem: Problem = {},
  ) {
    super(key);
  }

  get words(): string {
    const { words, advice, code } = this.problem;
    const what = words && code !== "NOT_FOUND" ? either(words) : t(this.key, this.values);
    return advice ? t("failure.declined", { what: begun(what), advice: begun(either(advice)) }) : what;
  }

  /** Status, code, fact and hint as the service said them; empty where it said nothing. */
  get exact(): string {
    const { code, detail, hint } = this.problem;
    return code && detail ? `${this.values["status"] ?? ""} ${code}: ${detail}${hint ? ` (${hint})` : ""}` : "";
  }

  /** Of an answer that the service gave; NaN where it gave none. */
  get status(): number {
    return Number(this.values["status"]);
  }
}

export function listSites(): Promise<{ sites: SiteName[] }> {
  return read("/sites");
}

export function readSite(code: string): Promise<SiteDocument> {
  return read(`/sites/${encodeURIComponent(code)}`);
}

export function readTree(code: string): Promise<SiteTree> {
  return read(`/sites/${encodeURIComponent(code)}/tree`);
}

export function readFeature(site: string, id: string): Promise<FeatureDocument> {
  return read(featureAddress(site, id));
}

/** Every room of a storey: all pages, in the service's order. */
export async function readRooms(site: string, storey: string): Promise<ChildFeature[]> {
  const rooms: ChildFeature[] = [];
  let address: string | null = `${featureAddress(site, storey)}/children?kind=space&limit=500`;
  while (address !== null) {
    const page: { features: ChildFeature[]; next: string | null } = await read(address);
    rooms.push(...page.features);
    address = page.next;
  }
  return rooms;
}

function featureAddress(site: string, id: string): string {
  return `/sites/${encodeURIComponent(site)}/features/${encodeURIComponent(id)}`;
}

export function read<Document>(address: string): Promise<Document> {
  return asked(address, { headers: { Accept: "application/json" } });
}

export function send<Document>(address: string, body: unknown, method = "POST"): Promise<Document> {
  return asked(address, { method, headers: { Accept: "application/json", "Content-Type": "application/json" }, body: JSON.stringify(body) });
}

/** The ETag of a document, to change it only as it was seen. */
export async function readTagged(address: string): Promise<string> {
  return (await answered(address, { headers: { Accept: "application/json" } })).headers.get("ETag") ?? "*";
}

/** A document with its ETag, to change it only as it was seen. */
export async function readSeen<Document>(address: string): Promise<{ document: Document; version: string }> {
  const answer = await answered(address, { headers: { Accept: "application/json" } });
  return { document: (await answer.json()) as Document, version: answer.headers.get("ETag") ?? "*" };
}

export function sendIf<Document>(address: string, body: unknown, version: string): Promise<Document> {
  return asked(address, { method: "POST", headers: { Accept: "application/json", "Content-Type": "application/json", "If-Match": version }, body: JSON.stringify(body) });
}

export function sendFile<Document>(address: string, file: File): Promise<Document> {
  const name = `attachment; filename*=UTF-8''${encodeURIComponent(file.name)}`;
  return asked(address, { method: "POST", headers: { Accept: "application/json", "Content-Type": file.type || "application/octet-stream", "Content-Disposition": name }, body: file });
}

async function asked<Document>(address: string, how: RequestInit): Promise<Document> {
  const answer = await answered(address, how);
  return (answer.status === 204 ? null : await answer.json()) as Document;
}

async function answered(address: string, how: RequestInit): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(address, how);
  } catch {
    throw new Failure("failure.network");
  }
  if (answer.ok) return answer;
  if (answer.status === 401) location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
  const problem = await declined(answer);
  const key = answer.status === 403 ? "failure.forbidden" : answer.status === 404 ? "failure.not_found" : "failure.service";
  const what = answer.status === 404 ? decodeURIComponent(address.split("?")[0]?.split("/").at(-1) ?? address) : (problem.detail ?? address);
  throw new Failure(key, { status: String(answer.status), what }, problem);
}

/** The problem document of an answer; nothing where something on the way answered in its place. */
async function declined(answer: Response): Promise<Problem> {
  try {
    return ((await answer.json()) as Problem | null) ?? {};
  } catch {
    return {};
  }
}

function begun(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}
