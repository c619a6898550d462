/** The picture: stage, layers, eye, pointer and labels of one site behind one door. */

import "@cesium/engine/Source/Widget/CesiumWidget.css";

import { Cartesian3, Cartographic, Math as Angle, type CesiumWidget, Matrix4 } from "@cesium/engine";

import type { Verdict } from "../planner";
import type { ChildFeature, SiteDocument, TilesetEntry } from "../service";
import { Eye } from "./camera";
import { Devices, type Box } from "./devices";
import { Marker } from "./marker";
import { Movers } from "./movers";
import { Layers, type Cut, type LayerSwitches } from "./layers";
import { Outline } from "./outline";
import { Overlay } from "./overlay";
import { Pointer } from "./pointer";
import { RoomLabels } from "./room_labels";
import { applyQuality, createStage, drawsInSoftware, lightFromSouthEast, type Quality } from "./stage";
import { followEye } from "./surroundings";

const SPOT_M = 3;
/** The compass and the zoom lie there, from the upper right corner. */
const CORNER = { wide_px: 60, high_px: 150 };

export interface ViewEvents {
  pick: (id: string | null) => void;
  /** `mover/7` or `device/gate/G-1`; null where something else, or nothing, was clicked. */
  pickLive: (found: string | null) => void;
  progress: (pending: number) => void;
  moved: () => void;
  rendered: () => void;
  /** A layer of which a tile could not be read. */
  incomplete: (entry: TilesetEntry) => void;
  /** Drawing ended with an error, for good. */
  broken: () => void;
}

export class View {
  readonly software = drawsInSoftware();
  readonly eye: Eye;
  readonly layers: Layers;
  readonly labels: RoomLabels;
  readonly pointer: Pointer;
  private readonly widget: CesiumWidget;
  private readonly outline: Outline;
  private readonly marker: Marker;
  readonly overlay: Overlay;
  readonly devices: Devices;
  readonly movers: Movers;
  private siteToEcef = Matrix4.clone(Matrix4.IDENTITY);
  private selected: string | null = null;
  private fine = !this.software;
  private stale = true;
  private unfollow = (): void => undefined;

  constructor(container: HTMLElement, events: ViewEvents) {
    this.widget = createStage(container, this.software);
    const { scene } = this.widget;
    this.eye = new Eye(scene, this.software);
    this.layers = new Layers(scene, (pending) => {
      this.outlineSelected();
      events.progress(pending);
    }, events.incomplete);
    this.labels = new RoomLabels(scene, container);
    this.pointer = new Pointer(scene, this.layers, this.labels, events.pick, (x, y) => this.liveAt(x, y), events.pickLive);
    this.outline = new Outline(scene);
    this.marker = new Marker(scene, container);
    this.overlay = new Overlay(scene);
    this.devices = new Devices(scene, container);
    this.movers = new Movers(scene, container, { kept: () => [this.corner, ...this.devices.kept, ...this.labels.kept], covers: (point, height_m) => this.labels.covers(point, height_m) });
    scene.camera.percentageChanged = 0.02;
    scene.camera.moveEnd.addEventListener(events.moved);
    scene.renderError.addEventListener(events.broken);
    scene.postRender.addEventListener(() => {
      this.stale = false;
      container.style.setProperty("--horizon", `${this.horizon()}%`);
      events.rendered();
    });
    this.listenToKeys();
  }

  /** Loads a site's tilesets in place of what was there; answers those that could not be read. */
  async open(site: SiteDocument): Promise<TilesetEntry[]> {
    const siteToEcef = Matrix4.fromArray(site.to_ecef);
    this.siteToEcef = siteToEcef;
    this.layers.clear();
    this.labels.clear();
    this.marker.show(null, "");
    lightFromSouthEast(this.widget.scene, siteToEcef);
    this.unfollow();
    this.unfollow = followEye(this.widget.scene, siteToEcef);
    return this.layers.load(site.tilesets, siteToEcef);
  }

  set quality(quality: Quality) {
    this.fine = !this.software || quality.shadows || quality.ambient_occlusion;
    this.outlineSelected();
    applyQuality(this.widget.scene, quality);
  }

  set switches(switches: LayerSwitches) {
    this.pointer.release();
    this.layers.setSwitches(switches);
    this.touch();
  }

  cutOpen(cut: Cut | null, rooms: readonly ChildFeature[]): void {
    this.pointer.release();
    this.layers.setCut(cut);
    if (cut === null) this.labels.clear();
    else this.labels.show(rooms, (room) => (room.z_range ? Math.min(cut.z, room.z_range[1]) - (room.z_range[0] + room.z_range[1]) / 2 : 0));
    this.touch();
  }

  select(id: string | null): void {
    this.selected = id;
    this.pointer.release();
    this.layers.setSelected(id);
    this.labels.select(id);
    this.outlineSelected();
    this.touch();
  }

  /** Tints the rooms of the open storey by what is said of them; null: by their use. */
  tint(verdicts: ReadonlyMap<string, Verdict> | null, words: ReadonlyMap<string, { word: string; tone: string }> = new Map()): void {
    this.pointer.release();
    this.layers.setVerdicts(verdicts);
    this.labels.say(words);
    this.touch();
  }

  /** Marks a spot, site-frame metres, and goes there; null takes the mark away. */
  mark(site_xyz: [number, number, number] | null, label = ""): void {
    this.marker.show(site_xyz && this.ecefOf(site_xyz), label);
  }

  /** Marks a place on the earth, ellipsoidal metres. */
  markAt({ lon, lat, height_m }: { lon: number; lat: number; height_m: number }, label: string): void {
    this.marker.show(Cartesian3.fromDegrees(lon, lat, height_m), label);
  }

  goToSpot(site_xyz: [number, number, number], label: string): void {
    this.mark(site_xyz, label);
    const { longitude, latitude, height } = Cartographic.fromCartesian(this.ecefOf(site_xyz));
    this.eye.look({ lon: Angle.toDegrees(longitude), lat: Angle.toDegrees(latitude), height_m: height }, SPOT_M, { pitch_deg: -50, range: 4 });
  }

  /** Whether everything the current camera wants is there and drawn. */
  get settled(): boolean {
    return !this.stale && this.layers.tilesLoaded;
  }

  /** Share of the picture, 0 to 1, that anything but sky covers. */
  coverage(): number {
    const { scene, canvas } = this.widget;
    scene.requestRender();
    scene.render();
    const gl = canvas.getContext("webgl2");
    if (gl === null) return 0;
    const pixels = new Uint8Array(gl.drawingBufferWidth * gl.drawingBufferHeight * 4);
    gl.readPixels(0, 0, gl.drawingBufferWidth, gl.drawingBufferHeight, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
    this.touch();
    let covered = 0;
    for (let index = 3; index < pixels.length; index += 4) if ((pixels[index] ?? 0) > 0) covered += 1;
    return covered / (pixels.length / 4);
  }

  /** What of the living compound is drawn at a point of the picture (CSS pixels). */
  liveAt(x: number, y: number): string | null {
    const mover = this.movers.at(x, y);
    if (mover !== null) return `mover/${mover}`;
    const device = this.devices.at(x, y);
    return device === null ? null : `device/${device}`;
  }

  touch(): void {
    this.stale = true;
    this.widget.scene.requestRender();
  }

  get canvas(): HTMLCanvasElement {
    return this.widget.canvas;
  }

  private get corner(): Box {
    const right = this.canvas.clientWidth;
    return { left: right - CORNER.wide_px, right, top: 0, bottom: CORNER.high_px };
  }

  private ecefOf([x, y, z]: [number, number, number]): Cartesian3 {
    return Matrix4.multiplyByPoint(this.siteToEcef, new Cartesian3(x, y, z), new Cartesian3());
  }

  private outlineSelected(): void {
    this.outline.around(this.selected === null || !this.fine ? [] : this.layers.piecesOf(this.selected));
  }

  /** Where the horizon lies in the picture, in percent from the top: the painted sky ends there. */
  private horizon(): number {
    const { camera } = this.widget.scene;
    const fovy = (camera.frustum as { fovy?: number }).fovy ?? 1;
    const middle = 50 + (Math.tan(camera.pitch) / Math.tan(fovy / 2)) * 50;
    return Math.round(Math.min(Math.max(middle, -60), 160));
  }

  private listenToKeys(): void {
    const { canvas } = this.widget;
    canvas.tabIndex = 0;
    const turns: Record<string, [turn: number, tilt: number, factor: number]> = {
      ArrowLeft: [6, 0, 1],
      ArrowRight: [-6, 0, 1],
      ArrowUp: [0, -4, 1],
      ArrowDown: [0, 4, 1],
      "+": [0, 0, 0.8],
      "=": [0, 0, 0.8],
      "-": [0, 0, 1.25],
    };
    canvas.addEventListener("keydown", (event) => {
      const turn = turns[event.key];
      if (!turn || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      this.eye.orbit(...turn);
    });
  }
}
