/** What is laid over the picture for a while: what cameras see of the ground, ways to a place, a circle of accuracy, a track. */

import {
  BoundingSphere,
  Cartesian3,
  Color,
  ColorGeometryInstanceAttribute,
  ComponentDatatype,
  Geometry,
  GeometryAttribute,
  GeometryInstance,
  Material,
  PerInstanceColorAppearance,
  PolylineCollection,
  Primitive,
  PrimitiveType,
  type Scene,
} from "@cesium/engine";

import { directionOf, ecefOf, type Vector } from "../live/motion";

const SEEN = [Color.fromCssColorString("#2f7de1"), Color.fromCssColorString("#7a4fd0"), Color.fromCssColorString("#0e9aa7"), Color.fromCssColorString("#c2557a")] as const;
const AREA = "area";
const CIRCLE_POINTS = 48;

export interface Line { points: Vector[]; color: string; width: number; dashed?: boolean }

export class Overlay {
  private readonly lines = new PolylineCollection();
  private readonly rings = new PolylineCollection();
  private areas: Primitive[] = [];

  constructor(private readonly scene: Scene) {
    scene.primitives.add(this.lines);
    scene.primitives.add(this.rings);
  }

  /** How exactly it is known where something is: a circle around it; null takes it away. */
  ring(around: { lon: number; lat: number; height_m: number; radius_m: number } | null): void {
    this.rings.removeAll();
    if (around) this.rings.add({ positions: circle(around.lon, around.lat, around.height_m, around.radius_m).map((point) => Cartesian3.fromElements(...point)), width: 3, material: Material.fromType("Color", { color: Color.fromCssColorString("#f59e0b") }) });
    this.scene.requestRender();
  }

  /** Replaces what is laid over: areas of triangles (three points each), each in its colour, and lines. */
  show(areas: readonly Vector[][], lines: readonly Line[]): void {
    for (const area of this.areas) this.scene.primitives.remove(area);
    this.areas = areas.filter((triangles) => triangles.length > 0).map((triangles, at) => this.scene.primitives.add(areaOf(triangles, (SEEN[at % SEEN.length] ?? SEEN[0]).withAlpha(0.34))) as Primitive);
    this.lines.removeAll();
    for (const { points, color, width, dashed } of lines) {
      if (points.length < 2) continue;
      const css = Color.fromCssColorString(color);
      const material = dashed ? Material.fromType("PolylineDash", { color: css, dashLength: 14 }) : Material.fromType("PolylineOutline", { color: css, outlineColor: Color.WHITE.withAlpha(0.85), outlineWidth: 1.5 });
      this.lines.add({ positions: points.map((point) => Cartesian3.fromElements(...point)), width, material });
    }
    this.scene.requestRender();
  }
}

/** Where a camera's area gets its colour from, for the list that names it. */
export function seenColor(at: number): string {
  return (SEEN[at % SEEN.length] ?? SEEN[0]).toCssHexString();
}

function circle(lon: number, lat: number, height_m: number, radius_m: number): Vector[] {
  const middle = ecefOf(lon, lat, height_m);
  return Array.from({ length: CIRCLE_POINTS + 1 }, (_, at) => {
    const [x, y, z] = directionOf(lon, lat, (at * 360) / CIRCLE_POINTS);
    return [middle[0] + x * radius_m, middle[1] + y * radius_m, middle[2] + z * radius_m] as Vector;
  });
}

/** An area in another strength of its colour. */
export function fade(area: Primitive, color: Color, alpha: number): void {
  if (!area.ready) return;
  const attributes = area.getGeometryInstanceAttributes(AREA) as { color: Uint8Array } | undefined;
  if (attributes) attributes.color = ColorGeometryInstanceAttribute.toValue(color.withAlpha(alpha), attributes.color);
}

/** Triangles, three points each, in one colour that shines from both sides. */
export function areaOf(triangles: readonly Vector[], color: Color): Primitive {
  const values = new Float64Array(triangles.flat());
  const geometry = new Geometry({
    attributes: { position: new GeometryAttribute({ componentDatatype: ComponentDatatype.DOUBLE, componentsPerAttribute: 3, values }) } as never,
    indices: Uint32Array.from({ length: triangles.length }, (_, at) => at),
    primitiveType: PrimitiveType.TRIANGLES,
    boundingSphere: BoundingSphere.fromVertices([...values]),
  });
  return new Primitive({
    geometryInstances: new GeometryInstance({ id: AREA, geometry, attributes: { color: ColorGeometryInstanceAttribute.fromColor(color) } }),
    appearance: new PerInstanceColorAppearance({ flat: true, translucent: true, closed: false }),
    asynchronous: false,
    allowPicking: false,
  });
}
