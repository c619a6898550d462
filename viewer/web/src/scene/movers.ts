/**
 * What moves, drawn as one collection of signs: shape and colour say its state, the point its heading.
 * A sign is a row of a buffer, not an object of the page; only the plates near the eye are text, and they come out of a pool.
 */

import { Billboard, BillboardCollection, BlendOption, Cartesian2, Cartesian3, NearFarScalar, SceneTransforms, type Scene } from "@cesium/engine";

import { BIT } from "../live/frame";
import type { Mover, Vector } from "../live/motion";
import type { Box } from "./devices";
import { signOf, SIGN_PX, type Look } from "./signs";

const PLATES = { most: 40, within_m: 700, gap_px: 3, below_px: 13, rearranged_ms: 250 };
const NEAR_FAR = new NearFarScalar(60, 1.25, 2500, 0.62);
const PICKED_PX = 16;

export interface Drawn { mover: Mover; kind: string; label: string; place: Vector; towards: Vector | null }
/** What else is in the picture: where nothing may be written, and what hides a point of the canvas. */
export interface Others { kept: () => Box[]; covers: (point: Cartesian2, height_m: number | null) => boolean }
interface Plate { element: HTMLElement; handle: number | null }

export class Movers {
  private readonly signs: BillboardCollection;
  private readonly rows = new Map<number, { sign: Billboard; drawn: Drawn; look: string }>();
  private readonly sheet = document.createElement("div");
  private readonly pool: Plate[] = [];
  private readonly point = new Cartesian3();
  private arranged_ms = 0;
  private late: ReturnType<typeof setTimeout> | undefined;
  selected: number | null = null;

  constructor(
    private readonly scene: Scene,
    container: HTMLElement,
    private readonly others: Others,
  ) {
    this.signs = new BillboardCollection({ scene, blendOption: BlendOption.TRANSLUCENT });
    scene.primitives.add(this.signs);
    this.sheet.className = "plates";
    this.sheet.setAttribute("aria-hidden", "true");
    container.append(this.sheet);
    scene.postRender.addEventListener(() => this.arrange(false));
  }

  get size(): number {
    return this.rows.size;
  }

  /** Draws these and no others. */
  draw(all: Iterable<Drawn>): void {
    const unseen = new Set(this.rows.keys());
    for (const drawn of all) {
      unseen.delete(drawn.mover.handle);
      this.place(drawn);
    }
    for (const handle of unseen) {
      const row = this.rows.get(handle);
      if (row) this.signs.remove(row.sign);
      this.rows.delete(handle);
    }
    this.scene.requestRender();
  }

  /** The mover whose sign is nearest to a point of the canvas (CSS pixels), or null where none is there. */
  at(x: number, y: number): number | null {
    let nearest: number | null = null;
    let best = PICKED_PX;
    for (const [handle, { sign, drawn }] of this.rows) {
      if (!sign.show) continue;
      const point = this.onScreen(drawn.place);
      const away = point ? Math.hypot(point.x - x, point.y - y) : best;
      if (away < best) [nearest, best] = [handle, away];
    }
    return nearest;
  }

  /** What is drawn: the looks, and where in the picture. */
  told(): { handle: number; look: string; shown: boolean; x: number | null; y: number | null }[] {
    return [...this.rows].map(([handle, { sign, drawn, look }]) => {
      const point = this.onScreen(drawn.place);
      return { handle, look, shown: sign.show, x: point?.x ?? null, y: point?.y ?? null };
    });
  }

  private place(drawn: Drawn): void {
    const { mover, place, towards } = drawn;
    const kind = lookOf(drawn);
    const look = `${kind}${mover.handle === this.selected ? "+" : ""}`;
    const row = this.rows.get(mover.handle) ?? { sign: this.signs.add({ position: Cartesian3.ZERO, scaleByDistance: NEAR_FAR, disableDepthTestDistance: Number.POSITIVE_INFINITY }), drawn, look: "" };
    if (row.look !== look) {
      row.sign.setImage(look, signOf(kind, { selected: mover.handle === this.selected }));
      row.sign.width = row.sign.height = SIGN_PX;
      row.look = look;
    }
    const at = Cartesian3.fromElements(...place, this.point);
    if (!Cartesian3.equals(at, row.sign.position)) row.sign.position = at;
    const axis = towards === null || kind.endsWith("round") ? Cartesian3.ZERO : Cartesian3.fromElements(...towards, this.point);
    if (!Cartesian3.equals(axis, row.sign.alignedAxis)) row.sign.alignedAxis = axis;
    row.drawn = drawn;
    row.sign.show = this.seen(drawn);
    this.rows.set(mover.handle, row);
  }

  /** Whether it is not under a storey that lies open; what is chosen or in alarm is seen through anything. */
  private seen({ mover, place }: Drawn): boolean {
    if (mover.handle === this.selected || (mover.bits & BIT.alarm) !== 0) return true;
    const point = this.onScreen(place);
    return !point || !this.others.covers(point, mover.height_m);
  }

  private seeAnew(): void {
    for (const { sign, drawn } of this.rows.values()) {
      const shown = this.seen(drawn);
      if (sign.show !== shown) this.scene.requestRender();
      sign.show = shown;
    }
  }

  /** The plates of what is near and finds room for its own, the selected one first, then what is in alarm, then the nearest. */
  private arrange(now: boolean): void {
    const time = performance.now();
    const waits_ms = PLATES.rearranged_ms - (time - this.arranged_ms);
    if (!now && waits_ms > 0) {
      // The picture may be the last one for a while: what it moved is arranged all the same.
      this.late ??= setTimeout(() => this.arrange(true), waits_ms);
      return this.follow();
    }
    clearTimeout(this.late);
    this.late = undefined;
    this.arranged_ms = time;
    this.seeAnew();
    const eye = this.scene.camera.positionWC;
    const near = [...this.rows.values()]
      .filter(({ sign, drawn }) => sign.show && drawn.label !== "")
      .map(({ drawn }) => ({ drawn, away: Cartesian3.distance(eye, Cartesian3.fromElements(...drawn.place, this.point)) }))
      .filter(({ drawn, away }) => away < PLATES.within_m || drawn.mover.handle === this.selected)
      .sort((a, b) => Number(b.drawn.mover.handle === this.selected) - Number(a.drawn.mover.handle === this.selected) || (b.drawn.mover.bits & BIT.alarm) - (a.drawn.mover.bits & BIT.alarm) || a.away - b.away);
    const taken = this.others.kept();
    let used = 0;
    for (const { drawn } of near) {
      if (used >= PLATES.most) break;
      const at = this.onScreen(drawn.place);
      if (!at) continue;
      const half = 4 + drawn.label.length * 5.2;
      const box: Box = { left: at.x - half, right: at.x + half, top: at.y + PLATES.below_px, bottom: at.y + PLATES.below_px + 18 };
      const { clientWidth, clientHeight } = this.scene.canvas;
      if (box.left < 0 || box.right > clientWidth || box.bottom > clientHeight || box.top < 0) continue;
      if (taken.some((other) => box.left < other.right + PLATES.gap_px && other.left < box.right + PLATES.gap_px && box.top < other.bottom + PLATES.gap_px && other.top < box.bottom + PLATES.gap_px)) continue;
      taken.push(box);
      this.write(used, drawn);
      used += 1;
    }
    for (const plate of this.pool.slice(used)) {
      plate.handle = null;
      plate.element.hidden = true;
    }
    this.follow();
  }

  private write(at: number, { mover, label }: Drawn): void {
    const plate = this.pool[at] ?? this.newPlate();
    plate.handle = mover.handle;
    plate.element.hidden = false;
    if (plate.element.textContent !== label) plate.element.textContent = label;
    plate.element.className = mover.handle === this.selected ? "selected" : (mover.bits & BIT.alarm) !== 0 ? "alarm" : (mover.bits & BIT.silent) !== 0 ? "silent" : "";
  }

  private newPlate(): Plate {
    const element = document.createElement("div");
    this.sheet.append(element);
    const plate = { element, handle: null };
    this.pool.push(plate);
    return plate;
  }

  private follow(): void {
    for (const plate of this.pool) {
      const row = plate.handle === null ? undefined : this.rows.get(plate.handle);
      const at = row && this.onScreen(row.drawn.place);
      plate.element.hidden = !at || !row.sign.show;
      if (at) plate.element.style.translate = `calc(${Math.round(at.x)}px - 50%) ${Math.round(at.y + PLATES.below_px)}px`;
    }
  }

  private onScreen(place: Vector): Cartesian2 | undefined {
    return SceneTransforms.worldToWindowCoordinates(this.scene, Cartesian3.fromElements(...place, this.point));
  }
}

/** What a sign says: silence before all but an alarm, since what is not heard of is not known. */
export function lookOf({ mover, kind, towards }: Drawn): Look {
  const shape = towards === null || kind !== "vehicle" ? "round" : "pointed";
  const state = (mover.bits & BIT.alarm) !== 0 ? "alarm" : (mover.bits & (BIT.silent | BIT.no_fix)) !== 0 ? "silent" : (mover.bits & BIT.doubted) !== 0 ? "doubted" : (mover.bits & BIT.moving) !== 0 ? "moving" : "standing";
  return `${state}-${shape}`;
}
