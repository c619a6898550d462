/** What stands and has a state: cameras, gates, doors, fire points, meters as icons with their state, segments of the perimeter as lines. */

import { BillboardCollection, BlendOption, Cartesian2, Cartesian3, Color, Material, NearFarScalar, PolylineCollection, SceneTransforms, type Billboard, type Polyline, type Primitive, type Scene } from "@cesium/engine";

import type { Vector } from "../live/motion";
import { deviceSign, DEVICE_PX } from "./device_signs";
import { areaOf, fade } from "./overlay";

const PICKED_PX = 13;
const NEAR_FAR = new NearFarScalar(80, 1, 900, 0.55);
/** Farther off than this the icons of a kind would only cover one another. */
const WITHIN_M: Record<string, number> = { camera: 500, door: 160, meter: 120, fire_point: 120, panic_button: 200, lift: 200 };
const TAGS = { within_m: 900, wide_px: 82, high_px: 20, below_px: 12 };
const PULSE_MS = 1200;
const CURTAIN = Color.fromCssColorString("#f0301f").withAlpha(0.62);
const CURTAIN_M = 3.2;

/** Of the picture, CSS pixels from its upper left corner. */
export interface Box { left: number; right: number; top: number; bottom: number }
export type Tone = "normal" | "alarm" | "fault" | "masked";
export interface Standing {
  id: string;
  kind: string;
  state: string | null;
  tone: Tone;
  place: Vector;
  /** A segment is drawn along it, anything else as an icon at its place. */
  line: Vector[] | null;
  label: string;
}
interface Row { sign: Billboard | null; wire: Polyline | null; curtain: Primitive | null; place: Vector; look: string; standing: Standing }

export class Devices {
  private readonly signs: BillboardCollection;
  private readonly wires = new PolylineCollection();
  private readonly rows = new Map<string, Row>();
  private readonly sheet = document.createElement("div");
  private readonly tags = new Map<string, HTMLElement>();
  private readonly point = new Cartesian3();
  private tagged: Cartesian2[] = [];
  private shown = true;

  constructor(
    private readonly scene: Scene,
    container: HTMLElement,
  ) {
    this.signs = new BillboardCollection({ scene, blendOption: BlendOption.TRANSLUCENT });
    scene.primitives.add(this.wires);
    scene.primitives.add(this.signs);
    this.sheet.className = "plates counts";
    this.sheet.setAttribute("aria-hidden", "true");
    container.append(this.sheet);
    scene.preRender.addEventListener(() => this.follow());
  }

  set visible(shown: boolean) {
    this.shown = shown;
    this.signs.show = this.wires.show = shown;
    for (const { curtain: hung } of this.rows.values()) if (hung) hung.show = shown;
    this.sheet.hidden = !shown;
    this.scene.requestRender();
  }

  /** Whether a line pulses, so that the picture has to be drawn on. */
  get pulses(): boolean {
    return this.shown && [...this.rows.values()].some(({ wire, standing }) => wire !== null && standing.tone === "alarm");
  }

  /** Where gates and their counts lie in the picture: nothing else is written there. */
  get kept(): Box[] {
    const half = TAGS.wide_px / 2;
    return this.shown ? this.tagged.map(({ x, y }) => ({ left: x - half, right: x + half, top: y - TAGS.below_px, bottom: y + TAGS.below_px + TAGS.high_px })) : [];
  }

  /** Draws these and no others. */
  draw(all: Iterable<Standing>): void {
    const unseen = new Set(this.rows.keys());
    for (const standing of all) {
      unseen.delete(standing.id);
      this.put(standing);
    }
    for (const id of unseen) this.remove(id);
    this.scene.requestRender();
  }

  /** The device nearest to a point of the canvas (CSS pixels), or null where none is drawn there. */
  at(x: number, y: number): string | null {
    if (!this.shown) return null;
    let nearest: string | null = null;
    let best = PICKED_PX;
    for (const [id, { sign, place }] of this.rows) {
      if (!sign?.show || !this.near(place, sign.distanceDisplayCondition?.far)) continue;
      const point = this.onScreen(place);
      const away = point ? Math.hypot(point.x - x, point.y - y) : best;
      if (away < best) [nearest, best] = [id, away];
    }
    return nearest;
  }

  /** What is drawn, and where on the canvas (CSS pixels; null beyond the picture). */
  told(): { id: string; look: string; sign: boolean; x: number | null; y: number | null }[] {
    return [...this.rows].map(([id, { look, place, sign }]) => {
      const at = this.onScreen(place);
      return { id, look, sign: sign !== null, x: at?.x ?? null, y: at?.y ?? null };
    });
  }

  private put(standing: Standing): void {
    const { id, kind, state, tone, line } = standing;
    const look = `${kind}-${tone}-${state ?? ""}`;
    const known = this.rows.get(id);
    const place = line ? middle(line) : standing.place;
    const row: Row = known ?? { sign: null, wire: null, curtain: null, place, look: "", standing };
    row.standing = standing;
    row.place = place;
    if (line) {
      // It was a sign until the registers said where it runs.
      if (row.sign) this.signs.remove(row.sign);
      row.sign = null;
      this.drawLine(row, line, tone);
    } else this.drawSign(row, tone, look);
    row.look = look;
    this.rows.set(id, row);
    this.tag(standing);
  }

  private drawSign(row: Row, tone: Tone, look: string): void {
    const { kind, state } = row.standing;
    row.sign ??= this.signs.add({ position: Cartesian3.fromElements(...row.place), width: DEVICE_PX, height: DEVICE_PX, scaleByDistance: NEAR_FAR, disableDepthTestDistance: Number.POSITIVE_INFINITY });
    const far = tone === "alarm" ? undefined : WITHIN_M[kind];
    row.sign.show = true;
    row.sign.translucencyByDistance = far === undefined ? (undefined as unknown as NearFarScalar) : new NearFarScalar(far * 0.8, 1, far, 0);
    if (row.look !== look) row.sign.setImage(look, deviceSign(kind, tone, state));
    row.sign.position = Cartesian3.fromElements(...row.place, this.point);
  }

  private drawLine(row: Row, line: Vector[], tone: Tone): void {
    row.wire ??= this.wires.add({ positions: line.map((point) => Cartesian3.fromElements(...point)), width: 3, material: Material.fromType("Color") });
    row.wire.width = tone === "alarm" ? 9 : tone === "normal" ? 3 : 4;
    const color = { normal: "#2fa36b", alarm: "#e5281b", fault: "#7c8791", masked: "#aab2ba" }[tone];
    if ((tone === "alarm") !== (row.curtain !== null)) this.hang(row, tone === "alarm" ? line : null);
    (row.wire.material.uniforms as { color: Color }).color = Color.fromCssColorString(color).withAlpha(tone === "normal" ? 0.6 : tone === "masked" ? 0.45 : 0.9);
  }

  /** A curtain of light along a segment in alarm, taller than the fence that would hide a line; null takes it down. */
  private hang(row: Row, line: Vector[] | null): void {
    if (row.curtain) this.scene.primitives.remove(row.curtain);
    row.curtain = line === null ? null : (this.scene.primitives.add(areaOf(curtain(line), CURTAIN)) as Primitive);
  }

  private remove(id: string): void {
    const row = this.rows.get(id);
    if (row) this.hang(row, null);
    if (row?.sign) this.signs.remove(row.sign);
    if (row?.wire) this.wires.remove(row.wire);
    this.rows.delete(id);
    this.tags.get(id)?.remove();
    this.tags.delete(id);
  }

  /** In and out of gates, as text; only they have any. */
  private tag({ id, label }: Standing): void {
    const known = this.tags.get(id);
    if (label === "") {
      known?.remove();
      this.tags.delete(id);
      return;
    }
    const element = known ?? document.createElement("div");
    if (!known) this.sheet.append(element);
    if (element.textContent !== label) element.textContent = label;
    this.tags.set(id, element);
  }

  private follow(): void {
    if (!this.shown) return;
    const phase = (performance.now() % PULSE_MS) / PULSE_MS;
    const light = 0.45 + 0.55 * Math.abs(Math.cos(phase * Math.PI));
    for (const { wire, curtain: hung, standing } of this.rows.values()) {
      if (wire && standing.tone === "alarm") (wire.material.uniforms as { color: Color }).color.alpha = light;
      if (hung) fade(hung, CURTAIN, light * CURTAIN.alpha);
    }
    const taken: Cartesian2[] = (this.tagged = []);
    for (const [id, element] of this.tags) {
      const row = this.rows.get(id);
      const at = row && this.near(row.place, TAGS.within_m) ? this.onScreen(row.place) : undefined;
      const free = at && !taken.some((other) => Math.abs(other.x - at.x) < TAGS.wide_px && Math.abs(other.y - at.y) < TAGS.high_px);
      element.hidden = !free;
      if (!at || !free) continue;
      taken.push(Cartesian2.clone(at));
      element.style.translate = `calc(${Math.round(at.x)}px - 50%) ${Math.round(at.y + TAGS.below_px)}px`;
    }
  }

  private near(place: Vector, within_m: number | undefined): boolean {
    return within_m === undefined || Cartesian3.distance(this.scene.camera.positionWC, Cartesian3.fromElements(...place, this.point)) < within_m;
  }

  private onScreen(place: Vector): Cartesian2 | undefined {
    return SceneTransforms.worldToWindowCoordinates(this.scene, Cartesian3.fromElements(...place, this.point));
  }
}

/** Triangles from below the line to above the fence. */
function curtain(line: Vector[]): Vector[] {
  const over = (point: Vector, up_m: number): Vector => {
    const length = Math.hypot(...point);
    return [point[0] + (point[0] / length) * up_m, point[1] + (point[1] / length) * up_m, point[2] + (point[2] / length) * up_m];
  };
  return line.slice(1).flatMap((end, at) => {
    const start = line[at] as Vector;
    const [a, b, c, d] = [over(start, -1), over(end, -1), over(end, CURTAIN_M), over(start, CURTAIN_M)];
    return [a, b, c, a, c, d];
  });
}

function middle(line: Vector[]): Vector {
  const [a, b] = [line[Math.floor((line.length - 1) / 2)], line[Math.ceil((line.length - 1) / 2)]] as [Vector, Vector];
  return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2, (a[2] + b[2]) / 2];
}
