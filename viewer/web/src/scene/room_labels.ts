/** Numbers and names of the rooms of the storey that lies open; where two would overlap, the larger room keeps its label. */

import {
  Cartesian2,
  Cartesian3,
  Color,
  HorizontalOrigin,
  LabelCollection,
  LabelStyle,
  Matrix4,
  SceneTransforms,
  VerticalOrigin,
  type Label,
  type Scene,
} from "@cesium/engine";

import type { ChildFeature } from "../service";

const FONT = '500 26px "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "WenQuanYi Micro Hei", system-ui, sans-serif';
const SCALE = 0.5;
const VISIBLE_WITHIN_M = 160;
const LETTER_PX = { wide: 13.5, narrow: 8 };
const LINE_PX = 17;
const MARGIN_PX = 12;
const INK = Color.fromCssColorString("#14213d");
const PAPER = Color.fromCssColorString("#ffffff").withAlpha(0.82);

interface Tag { label: Label; half: Cartesian2; area_m2: number }

export class RoomLabels {
  private readonly labels: LabelCollection;
  private readonly seenFrom = new Matrix4();
  private tags: Tag[] = [];

  constructor(private readonly scene: Scene) {
    this.labels = scene.primitives.add(new LabelCollection({ scene })) as LabelCollection;
    scene.preRender.addEventListener(() => {
      if (this.tags.length > 0 && !Matrix4.equals(scene.camera.viewMatrix, this.seenFrom)) this.arrange();
    });
  }

  /** Replaces all labels; `lift_m` is what to add to the middle of a room to stand at the cut. */
  show(rooms: readonly ChildFeature[], lift_m: (room: ChildFeature) => number): void {
    this.clear();
    for (const room of rooms) {
      if (room.centre === null) continue;
      const lines = [...new Set([room.name, room.long_name])].filter((line): line is string => Boolean(line));
      const label = this.labels.add({
        id: room.id,
        position: Cartesian3.fromDegrees(room.centre.lon, room.centre.lat, room.centre.height_m + lift_m(room)),
        text: lines.join("\n"),
        font: FONT,
        scale: SCALE,
        style: LabelStyle.FILL,
        fillColor: INK,
        showBackground: true,
        backgroundColor: PAPER,
        backgroundPadding: new Cartesian2(10, 6),
        horizontalOrigin: HorizontalOrigin.CENTER,
        verticalOrigin: VerticalOrigin.CENTER,
        disableDepthTestDistance: Number.POSITIVE_INFINITY,
      });
      const half = new Cartesian2((Math.max(...lines.map(width), 0) + MARGIN_PX) / 2, (lines.length * LINE_PX + MARGIN_PX / 2) / 2);
      this.tags.push({ label, half, area_m2: room.area_m2 ?? 0 });
    }
    this.tags.sort((a, b) => b.area_m2 - a.area_m2);
    Matrix4.clone(Matrix4.ZERO, this.seenFrom);
    this.scene.requestRender();
  }

  clear(): void {
    this.labels.removeAll();
    this.tags = [];
    this.scene.requestRender();
  }

  /** The room whose label was picked, or null where something else was. */
  roomOf(picked: unknown): string | null {
    const { primitive, id } = (picked ?? {}) as { primitive?: unknown; id?: unknown };
    return typeof id === "string" && this.tags.some(({ label }) => label === primitive) ? id : null;
  }

  set visible(value: boolean) {
    this.labels.show = value;
  }

  private arrange(): void {
    const { camera } = this.scene;
    Matrix4.clone(camera.viewMatrix, this.seenFrom);
    const taken: { at: Cartesian2; half: Cartesian2 }[] = [];
    for (const { label, half } of this.tags) {
      const near = Cartesian3.distance(camera.positionWC, label.position) < VISIBLE_WITHIN_M;
      const at = near ? SceneTransforms.worldToWindowCoordinates(this.scene, label.position) : undefined;
      label.show = at !== undefined && !taken.some((other) => overlap(at, half, other.at, other.half));
      if (at && label.show) taken.push({ at, half });
    }
  }
}

function overlap(a: Cartesian2, halfA: Cartesian2, b: Cartesian2, halfB: Cartesian2): boolean {
  return Math.abs(a.x - b.x) < halfA.x + halfB.x && Math.abs(a.y - b.y) < halfA.y + halfB.y;
}

function width(line: string): number {
  let sum = 0;
  for (const letter of line) sum += letter > "\u2e80" ? LETTER_PX.wide : LETTER_PX.narrow;
  return sum;
}
