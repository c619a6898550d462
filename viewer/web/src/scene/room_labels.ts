/** Numbers and names of the rooms of the storey that lies open. */

import { Cartesian2, Cartesian3, Color, DistanceDisplayCondition, HorizontalOrigin, LabelCollection, LabelStyle, NearFarScalar, VerticalOrigin, type Scene } from "@cesium/engine";

import type { ChildFeature } from "../service";

const FONT = '500 26px "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "WenQuanYi Micro Hei", system-ui, sans-serif';
const VISIBLE_WITHIN_M = 160;
const INK = Color.fromCssColorString("#14213d");
const PAPER = Color.fromCssColorString("#ffffff").withAlpha(0.82);

export class RoomLabels {
  private readonly labels: LabelCollection;

  constructor(private readonly scene: Scene) {
    this.labels = scene.primitives.add(new LabelCollection({ scene })) as LabelCollection;
  }

  /** Replaces all labels; `lift_m` is what to add to the middle of a room to stand at the cut. */
  show(rooms: readonly ChildFeature[], lift_m: (room: ChildFeature) => number): void {
    this.labels.removeAll();
    for (const room of rooms) {
      if (room.centre === null) continue;
      this.labels.add({
        position: Cartesian3.fromDegrees(room.centre.lon, room.centre.lat, room.centre.height_m + lift_m(room)),
        text: [...new Set([room.name, room.long_name])].filter(Boolean).join("\n"),
        font: FONT,
        scale: 0.5,
        style: LabelStyle.FILL,
        fillColor: INK,
        showBackground: true,
        backgroundColor: PAPER,
        backgroundPadding: new Cartesian2(10, 6),
        horizontalOrigin: HorizontalOrigin.CENTER,
        verticalOrigin: VerticalOrigin.CENTER,
        distanceDisplayCondition: new DistanceDisplayCondition(0, VISIBLE_WITHIN_M),
        scaleByDistance: new NearFarScalar(25, 1, VISIBLE_WITHIN_M, 0.6),
        disableDepthTestDistance: Number.POSITIVE_INFINITY,
      });
    }
    this.scene.requestRender();
  }

  clear(): void {
    this.labels.removeAll();
    this.scene.requestRender();
  }

  set visible(value: boolean) {
    this.labels.show = value;
  }
}
