/** The part of the address behind `#`: what a link brings a colleague to. It holds ids and a camera, nothing secret. */

export interface Pose { lon: number; lat: number; height_m: number; heading_deg: number; pitch_deg: number }

export interface Place {
  site: string | null;
  select: string | null;
  storey: string | null;
  /** `kind/key` of the record that lies open. */
  record: string | null;
  /** The list of the registers that lies open, with its filter. */
  list: string | null;
  camera: Pose | null;
  /** The moment of the past that is shown, milliseconds of UTC; null is now. */
  at_ms: number | null;
}

export const NOWHERE: Place = { site: null, select: null, storey: null, record: null, list: null, camera: null, at_ms: null };
const INCIDENT = "incident/";

export function parsePlace(hash: string): Place {
  const values = new URLSearchParams(hash.replace(/^#/, ""));
  const incident = values.get("incident");
  const list = incident ? `${INCIDENT}${incident}` : values.get("list");
  const at_ms = Date.parse(values.get("at") ?? "");
  return {
    site: values.get("site"),
    select: values.get("select"),
    storey: values.get("storey"),
    record: values.get("record"),
    list,
    camera: parsePose(values.get("camera")),
    at_ms: Number.isNaN(at_ms) ? null : at_ms,
  };
}

export function formatPlace(place: Place): string {
  const values = new URLSearchParams();
  if (place.site) values.set("site", place.site);
  if (place.select) values.set("select", place.select);
  if (place.storey) values.set("storey", place.storey);
  if (place.record) values.set("record", place.record);
  if (place.list?.startsWith(INCIDENT)) values.set("incident", place.list.slice(INCIDENT.length));
  else if (place.list) values.set("list", place.list);
  if (place.at_ms !== null) values.set("at", `${new Date(place.at_ms).toISOString().slice(0, 19)}Z`);
  if (place.camera) values.set("camera", formatPose(place.camera));
  return `#${values.toString().replaceAll("%2C", ",").replaceAll("%3A", ":")}`;
}

/** `lon,lat,height_m,heading_deg,pitch_deg`; null where it is not five finite numbers within their ranges. */
function parsePose(text: string | null): Pose | null {
  const parts = (text ?? "").split(",").map(Number);
  if (!text || parts.length !== 5 || !parts.every(Number.isFinite)) return null;
  const [lon, lat, height_m, heading_deg, pitch_deg] = parts as [number, number, number, number, number];
  if (Math.abs(lon) > 180 || Math.abs(lat) > 90 || Math.abs(pitch_deg) > 90) return null;
  return { lon, lat, height_m, heading_deg, pitch_deg };
}

function formatPose(pose: Pose): string {
  return [pose.lon.toFixed(7), pose.lat.toFixed(7), pose.height_m.toFixed(2), pose.heading_deg.toFixed(1), pose.pitch_deg.toFixed(1)].join(",");
}
