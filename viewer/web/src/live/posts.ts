/** Where the registers say that devices stand: cameras, gates, segments of the perimeter, doors, fire points, panic buttons, lifts. Their states come by `/live/states`. */

import { address } from "../registers";
import { read } from "../service";
import { ecefOf, type Vector } from "./motion";

const PAGE = 1000;
/** Above the ground, so that a line is not lost in it. */
const LIFT_M = 1;
const COLLECTIONS = { cameras: "camera", gates: "gate", perimeter: "perimeter_segment", doors: "door", "fire-points": "fire_point", "panic-buttons": "panic_button", lifts: "lift" } as const;

export interface Post {
  /** `gate/GATE-01`, as states name it. */
  id: string;
  kind: string;
  key: string;
  name: string | null;
  /** How it is used: `vehicle`, `card`, `smoke`. */
  type: string | null;
  lon: number;
  lat: number;
  height_m: number;
  /** EPSG:4978; of a segment. */
  line: Vector[] | null;
  /** Whether it stands in a building. */
  inside: boolean;
}

interface Item { id: string | number; geometry: { type: string; coordinates: unknown } | null; properties: { [name: string]: unknown } }
interface ItemPage { features: Item[]; links?: { rel: string; href: string }[] }

/** Zones and gates have names; ids stand for what has none: `zone:ZONE-01` → name. */
export async function readZoneNames(): Promise<Map<string, string>> {
  const page: ItemPage = await read(address("/collections/zones/items", { limit: PAGE }));
  return new Map(page.features.flatMap(({ id, properties }) => (typeof properties["name"] === "string" ? [[`zone:${id}`, properties["name"]] as const] : [])));
}

/** The posts of one collection; what has no place is none. */
export async function readPosts(collection: keyof typeof COLLECTIONS): Promise<Post[]> {
  const found: Post[] = [];
  let next: string | undefined = address(`/collections/${collection}/items`, { limit: PAGE });
  while (next !== undefined) {
    const page: ItemPage = await read(next);
    found.push(...page.features.flatMap((item) => postOf(COLLECTIONS[collection], item)));
    const link: string | undefined = page.links?.find(({ rel }) => rel === "next")?.href;
    next = link === undefined ? undefined : pathOf(link);
  }
  return found;
}

function postOf(kind: string, { id, geometry, properties }: Item): Post[] {
  const points = geometry === null ? [] : geometry.type === "Point" ? [geometry.coordinates as number[]] : geometry.type === "LineString" ? (geometry.coordinates as number[][]) : [];
  const key = String(id);
  const low_m = typeof properties["low_m"] === "number" ? properties["low_m"] : 0;
  if (points.length === 0) return [];
  const mean = (axis: 0 | 1 | 2): number => points.reduce((sum, point) => sum + (point[axis] ?? low_m), 0) / points.length;
  const line = kind === "perimeter_segment" && points.length > 1 ? points.map(([lon = 0, lat = 0, height_m = low_m]) => ecefOf(lon, lat, height_m + LIFT_M)) : null;
  const inside = properties["room"] != null || properties["storey"] != null;
  return [{ id: `${kind}/${key}`, kind, key, type: typeof properties["type"] === "string" ? properties["type"] : null, name: typeof properties["name"] === "string" ? properties["name"] : null, lon: mean(0), lat: mean(1), height_m: mean(2), line, inside }];
}

function pathOf(href: string): string {
  const { pathname, search } = new URL(href, location.href);
  return pathname + search;
}
