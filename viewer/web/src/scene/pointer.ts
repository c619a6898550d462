/** What lies under the pointer: a click selects it, a hover tints it lightly. */

import { Cartesian2, Cesium3DTileFeature, Color, ScreenSpaceEventHandler, ScreenSpaceEventType, type Scene } from "@cesium/engine";

import type { Layers } from "./layers";
import type { RoomLabels } from "./room_labels";

const HOVER = new Color(0.72, 0.86, 1, 1);
const REST_SHARE = 4;

export class Pointer {
  private hovered: Cesium3DTileFeature | null = null;
  private last: { x: number; y: number } | null = null;
  private waiting = false;
  private dragging = false;

  constructor(
    private readonly scene: Scene,
    private readonly layers: Layers,
    private readonly labels: RoomLabels,
    onPick: (id: string | null) => void,
    private readonly liveAt: (x: number, y: number) => string | null,
    onLive: (found: string | null) => void,
  ) {
    const handler = new ScreenSpaceEventHandler(scene.canvas);
    handler.setInputAction(({ position: { x, y } }: { position: Cartesian2 }) => {
      const live = this.liveAt(x, y);
      onLive(live);
      if (live === null) onPick(this.choiceAt(x, y));
    }, ScreenSpaceEventType.LEFT_CLICK);
    handler.setInputAction(({ endPosition }: { endPosition: Cartesian2 }) => this.moved(endPosition.x, endPosition.y), ScreenSpaceEventType.MOUSE_MOVE);
    scene.canvas.addEventListener("pointerdown", () => (this.dragging = true));
    addEventListener("pointerup", () => (this.dragging = false));
    scene.canvas.addEventListener("pointerleave", () => this.hover(null));
  }

  /** The id of the feature drawn at a point of the canvas (CSS pixels), or null; labels do not stand in the way. */
  idAt(x: number, y: number): string | null {
    const feature = this.featureAt(x, y);
    return feature ? this.layers.factsOf(feature).id || null : null;
  }

  /** What a click there means: the room of a label, a feature, or nothing where there is only ground or sky. */
  private choiceAt(x: number, y: number): string | null {
    const room = this.labels.roomAt(x, y);
    if (room !== null) return room;
    const feature = this.featureAt(x, y);
    if (feature === null) return null;
    const { id, kind } = this.layers.factsOf(feature);
    return kind === "terrain" ? null : id || null;
  }

  /** Forgets the hovered piece without touching its colour: the style is about to set all colours anew. */
  release(): void {
    this.hovered = null;
  }

  private featureAt(x: number, y: number): Cesium3DTileFeature | null {
    const picked: unknown = this.scene.pick(new Cartesian2(x, y));
    return picked instanceof Cesium3DTileFeature ? picked : null;
  }

  private moved(x: number, y: number): void {
    this.last = { x, y };
    if (this.waiting || this.dragging) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      const started = performance.now();
      if (this.last && !this.dragging) this.over(this.last.x, this.last.y);
      setTimeout(() => (this.waiting = false), (performance.now() - started) * REST_SHARE);
    });
  }

  private over(x: number, y: number): void {
    const label = this.liveAt(x, y) !== null || this.labels.roomAt(x, y) !== null;
    this.hover(label ? null : this.featureAt(x, y));
    this.scene.canvas.classList.toggle("over", label || this.hovered !== null);
  }

  private hover(feature: Cesium3DTileFeature | null): void {
    if (feature === this.hovered) return;
    if (this.hovered && this.layers.piecesOf(this.layers.factsOf(this.hovered).id).includes(this.hovered)) {
      this.hovered.color = this.layers.restingColor(this.hovered);
    }
    if (feature && this.layers.factsOf(feature).kind !== "terrain") {
      feature.color = Color.multiply(this.layers.restingColor(feature), HOVER, new Color());
      this.hovered = feature;
    } else {
      this.hovered = null;
    }
    this.scene.requestRender();
  }
}
