/**
 * What one camera sees of the ground around it, cut by walls, doors and trees: the service casts a ray to each cell of a fan
 * (`POST /spatial/visible-from`) and says how high the ground lies there. What it does not see is not drawn.
 */

import { read, send } from "../service";
import type { Vector } from "./motion";
import { ecefOf } from "./motion";

const FAN = { rays: 36, rings: 26 };
const CHEST_M = 1.3;
const EARTH_M = 111_194;
const RAD = Math.PI / 180;
/** Above the ground, so that it is not lost in it. */
const LIFT_M = 0.35;

interface CameraItem {
  geometry: { type: string; coordinates: number[] } | null;
  properties: { [name: string]: unknown };
}
interface VisibleAnswer { targets: { target: { lon_lat_height: [number, number, number] }; cameras: { sees: { [height: string]: boolean } }[] }[] }

/** Triangles in EPSG:4978 metres, three points each, and where the lens is. */
export interface Cone { camera: string; lens: Vector; triangles: Vector[] }

/** The key of a camera: of `camera/CAM-1` and of `camera:CAM-1`. */
export function keyOf(id: string): string {
  return id.replace(/^camera[:/]/, "");
}

/** The cone of a camera of the register; null where the register lacks what it takes (place, heading, lens, range). */
export async function readCone(site: string, id: string): Promise<Cone | null> {
  const key = keyOf(id);
  const item: CameraItem = await read(`/collections/cameras/items/${encodeURIComponent(key)}`);
  const facts = item.properties;
  const [lon, lat, height_m] = item.geometry?.coordinates ?? [];
  const [heading, focal, width, range, mounted] = ["heading", "focal_length", "sensor_width", "view_range", "mounting_height"].map((name) => (typeof facts[name] === "number" ? (facts[name] as number) : null));
  if (lon === undefined || lat === undefined || height_m === undefined || heading == null || focal == null || width == null || range == null) return null;
  const half = Math.atan(width / 2 / focal) / RAD;
  const inside = facts["room"] !== null && facts["room"] !== undefined && mounted != null;
  const corner = (ray: number, ring: number): [number, number] => {
    const bearing = (heading - half + (2 * half * ray) / FAN.rays) * RAD;
    const away = (range * ring) / FAN.rings;
    return [lon + (Math.sin(bearing) * away) / (EARTH_M * Math.cos(lat * RAD)), lat + (Math.cos(bearing) * away) / EARTH_M];
  };
  const cells = Array.from({ length: FAN.rays * FAN.rings }, (_, at) => ({ ray: Math.floor(at / FAN.rings), ring: at % FAN.rings }));
  const floor = inside ? { height_m: height_m - (mounted ?? 0), datum: "ellipsoidal" } : { height_m: 0, datum: "ground" };
  const targets = cells.map(({ ray, ring }) => {
    const [east, north] = corner(ray + 0.5, ring + 0.5);
    return { lon: east, lat: north, ...floor };
  });
  const answer: VisibleAnswer = await send("/spatial/visible-from", { site, targets, cameras: [`camera:${key}`], heights_m: { chest: CHEST_M }, turned: false });
  const triangles = cells.flatMap(({ ray, ring }, at) => {
    const told = answer.targets[at];
    if (!told?.cameras.some(({ sees }) => sees["chest"])) return [];
    const [a, b, c, d] = [corner(ray, ring), corner(ray + 1, ring), corner(ray + 1, ring + 1), corner(ray, ring + 1)].map(([east, north]) => ecefOf(east, north, told.target.lon_lat_height[2] + LIFT_M)) as [Vector, Vector, Vector, Vector];
    return [a, b, c, a, c, d];
  });
  return { camera: id, lens: ecefOf(lon, lat, height_m), triangles };
}
