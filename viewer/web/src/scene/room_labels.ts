/**
 * Numbers and names of the rooms of the storey that lies open, as text laid over the picture.
 * Where they would overlap, the selected room keeps its label first, then the larger one; a label that finds no place shrinks to
 * the room's number, then goes. Text of the page is sharp at any zoom, and there at once: CesiumJS's own labels wait for a frame
 * that a picture at rest never draws.
 */

import { Cartesian2, Cartesian3, Matrix4, SceneTransforms, type Scene } from "@cesium/engine";

import type { ChildFeature } from "../service";
import { hullOf, within, type Point } from "./hull";

const VISIBLE_WITHIN_M = 160;
const GAP_PX = 2;
const STOREY_M = 2.5;
const DEGREE_M = 111_194;

interface Size { width: number; height: number }
interface Tag { id: string; place: Cartesian3; corners: Cartesian3[]; height_m: number; area_m2: number; element: HTMLElement; whole: Size; short: Size }
interface Box { left: number; right: number; top: number; bottom: number }

export class RoomLabels {
  private readonly sheet = document.createElement("div");
  private readonly seenFrom = new Matrix4();
  private readonly size = new Cartesian2();
  private tags: Tag[] = [];
  private shown = new Map<Tag, Box>();
  private outline: Point[] = [];
  private selected: string | null = null;
  private words: ReadonlyMap<string, { word: string; tone: string }> = new Map();

  constructor(
    private readonly scene: Scene,
    container: HTMLElement,
  ) {
    this.sheet.className = "room-labels";
    this.sheet.setAttribute("aria-hidden", "true");
    container.append(this.sheet);
    scene.preRender.addEventListener(() => {
      const { clientWidth, clientHeight } = scene.canvas;
      if (this.tags.length === 0 || (Matrix4.equals(scene.camera.viewMatrix, this.seenFrom) && this.size.x === clientWidth && this.size.y === clientHeight)) return;
      Matrix4.clone(scene.camera.viewMatrix, this.seenFrom);
      Cartesian2.fromElements(clientWidth, clientHeight, this.size);
      this.arrange();
    });
  }

  /** Replaces all labels; `lift_m` is what to add to the middle of a room to stand at the cut. */
  show(rooms: readonly ChildFeature[], lift_m: (room: ChildFeature) => number): void {
    this.clear();
    this.tags = rooms.flatMap((room) => {
      if (room.centre === null) return [];
      const { lon, lat } = room.centre;
      const height_m = room.centre.height_m + lift_m(room);
      const element = labelOf(room);
      const none = { width: 0, height: 0 };
      return [{ id: room.id, place: Cartesian3.fromDegrees(lon, lat, height_m), corners: cornersOf(lon, lat, height_m, room.area_m2 ?? 0), height_m, area_m2: room.area_m2 ?? 0, element, whole: none, short: none }];
    });
    this.sheet.append(...this.tags.map(({ element }) => element));
    for (const tag of this.tags) this.write(tag);
    this.sort();
  }

  clear(): void {
    this.sheet.replaceChildren();
    this.tags = [];
    this.shown = new Map();
    this.outline = [];
    this.scene.requestRender();
  }

  select(id: string | null): void {
    this.selected = id;
    this.sort();
  }

  /** A word under the number of each room it is said of, in a tone; replaces what was said before. */
  say(words: ReadonlyMap<string, { word: string; tone: string }>): void {
    this.words = words;
    for (const tag of this.tags) this.write(tag);
    this.sort();
  }

  private write(tag: Tag): void {
    const said = this.words.get(tag.id);
    tag.element.querySelector("i")?.remove();
    tag.element.hidden = false;
    if (said) {
      const word = document.createElement("i");
      word.className = said.tone;
      word.textContent = said.word;
      tag.element.querySelector("b")?.after(word);
    }
    tag.element.classList.remove("short");
    tag.whole = sizeOf(tag.element);
    tag.element.classList.add("short");
    tag.short = sizeOf(tag.element);
  }

  /** Where labels lie in the picture: nothing else is written there. */
  get kept(): Box[] {
    return [...this.shown.values()];
  }

  /** Whether a point of the canvas lies on the open storey while what is there stands on another height: it would seem to stand in a room. */
  covers(point: Point, height_m: number | null): boolean {
    const [tag] = this.tags;
    const isInside = tag !== undefined && height_m !== null && Math.abs(height_m - tag.height_m) < STOREY_M;
    return !isInside && within(this.outline, point);
  }

  /** The room whose label lies at a point of the canvas (CSS pixels), or null. */
  roomAt(x: number, y: number): string | null {
    return [...this.shown].find(([, { left, right, top, bottom }]) => x >= left && x <= right && y >= top && y <= bottom)?.[0].id ?? null;
  }

  private sort(): void {
    const first = (tag: Tag): number => Number(tag.id === this.selected);
    this.tags.sort((a, b) => first(b) - first(a) || b.area_m2 - a.area_m2);
    for (const tag of this.tags) tag.element.classList.toggle("selected", tag.id === this.selected);
    Matrix4.clone(Matrix4.ZERO, this.seenFrom);
    this.scene.requestRender();
  }

  /** First as many numbers as find a place, the selected room with its name before all others; then names where there is room left. */
  private arrange(): void {
    const shown = new Map<Tag, Box>();
    const corners = this.tags.flatMap((tag) => tag.corners.map((corner) => SceneTransforms.worldToWindowCoordinates(this.scene, corner)));
    this.outline = hullOf(corners.filter((corner) => corner !== undefined));
    for (const tag of this.tags) {
      const at = this.onScreen(tag);
      const box = at && ((tag.id === this.selected && free(boxOf(at, tag.whole), shown, this.size, tag)) || free(boxOf(at, tag.short), shown, this.size, tag));
      if (box) shown.set(tag, box);
    }
    for (const [tag, box] of shown) {
      const whole = free(boxOf(centreOf(box), tag.whole), shown, this.size, tag);
      if (whole) shown.set(tag, whole);
      tag.element.classList.toggle("short", !whole);
    }
    for (const tag of this.tags) {
      const box = shown.get(tag);
      tag.element.hidden = !box;
      if (box) tag.element.style.translate = `${Math.round(box.left)}px ${Math.round(box.top)}px`;
    }
    this.shown = shown;
  }

  /** Where the label's place lies in the picture; undefined where it is too far away, or seen from below. */
  private onScreen({ place, height_m }: Tag): Cartesian2 | undefined {
    const { camera } = this.scene;
    if (camera.positionCartographic.height < height_m || Cartesian3.distance(camera.positionWC, place) > VISIBLE_WITHIN_M) return undefined;
    return SceneTransforms.worldToWindowCoordinates(this.scene, place);
  }
}

/** Those of a square as large as the room, which has no outline here. */
function cornersOf(lon: number, lat: number, height_m: number, area_m2: number): Cartesian3[] {
  const north = Math.sqrt(area_m2) / 2 / DEGREE_M;
  const east = north / Math.cos((lat * Math.PI) / 180);
  return [[-1, -1], [1, -1], [1, 1], [-1, 1]].map(([x = 0, y = 0]) => Cartesian3.fromDegrees(lon + x * east, lat + y * north, height_m));
}

function labelOf({ name, long_name }: ChildFeature): HTMLElement {
  const element = document.createElement("div");
  const [number, use] = [...new Set([name, long_name])].filter((line): line is string => Boolean(line));
  for (const [tag, text] of [["b", number], ["span", use]] as const) {
    if (text === undefined) continue;
    const line = document.createElement(tag);
    line.textContent = text;
    element.append(line);
  }
  return element;
}

function sizeOf(element: HTMLElement): Size {
  return { width: element.offsetWidth, height: element.offsetHeight };
}

function boxOf({ x, y }: Cartesian2, { width, height }: Size): Box {
  return { left: x - width / 2, right: x + width / 2, top: y - height / 2, bottom: y + height / 2 };
}

function centreOf({ left, right, top, bottom }: Box): Cartesian2 {
  return new Cartesian2((left + right) / 2, (top + bottom) / 2);
}

/** The box itself where it lies within the picture and on no other label than its own. */
function free(box: Box, taken: ReadonlyMap<Tag, Box>, size: Cartesian2, own: Tag): Box | undefined {
  const inside = box.left >= 0 && box.right <= size.x && box.top >= 0 && box.bottom <= size.y;
  return inside && ![...taken].some(([tag, other]) => tag !== own && overlap(box, other)) ? box : undefined;
}

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right + GAP_PX && b.left < a.right + GAP_PX && a.top < b.bottom + GAP_PX && b.top < a.bottom + GAP_PX;
}
