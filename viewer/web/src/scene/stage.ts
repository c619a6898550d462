/** The empty stage: a CesiumJS widget without globe, sky pictures or credits from elsewhere, lit from the south-east. */

import {
  Cartesian2,
  Cartesian3,
  CesiumWidget,
  Color,
  Credit,
  CreditDisplay,
  DirectionalLight,
  FeatureDetection,
  Ion,
  JulianDate,
  Matrix3,
  Matrix4,
  type Scene,
  CameraEventType,
  KeyboardEventModifier,
  type Cesium3DTileset,
  ImageBasedLighting,
  ShadowMode,
} from "@cesium/engine";

import type { TilesetKind } from "../service";
import { SURROUNDINGS } from "./surroundings";

export interface Quality { shadows: boolean; ambient_occlusion: boolean; smooth_edges: boolean }

const NOON = JulianDate.fromIso8601("2026-06-21T04:00:00Z");
const SUN = { azimuth_deg: 142, elevation_deg: 42, intensity: 2.7, color: new Color(1, 0.955, 0.88) };
const SHADOW_REACH_M = 650;
const SKY_LIGHT = [
  [0.4, 0.43, 0.48],
  [0, 0, 0],
  [0.1, 0.11, 0.135],
  ...Array.from({ length: 6 }, () => [0, 0, 0]),
].map(([red = 0, green = 0, blue = 0]) => new Cartesian3(red, green, blue));

export function createStage(container: HTMLElement, software: boolean): CesiumWidget {
  Ion.defaultAccessToken = "";
  // CesiumJS finds these out by a style attribute, which the content policy refuses; every browser with WebGL 2 has it.
  Object.assign(FeatureDetection, { supportsImageRenderingPixelated: () => true, imageRenderingValue: () => "pixelated" });
  CreditDisplay.cesiumCredit = new Credit("CesiumJS");
  const widget = new CesiumWidget(container, {
    globe: false,
    baseLayer: false,
    skyBox: false,
    skyAtmosphere: false,
    scene3DOnly: true,
    // Its composition makes every pixel that is not wholly sky opaque, and so the half covered ones of smooth edges black.
    orderIndependentTranslucency: false,
    requestRenderMode: true,
    maximumRenderTimeChange: Number.POSITIVE_INFINITY,
    msaaSamples: software ? 1 : 4,
    useBrowserRecommendedResolution: software,
    showRenderLoopErrors: false,
    creditContainer: detachedShadow(),
    creditViewport: document.createElement("div"),
    contextOptions: { webgl: { alpha: true, powerPreference: "high-performance" } },
  });
  const { scene } = widget;
  widget.clock.currentTime = NOON;
  widget.clock.shouldAnimate = false;
  scene.backgroundColor = new Color(0, 0, 0, 0);
  scene.fog.enabled = false;
  const controller = scene.screenSpaceCameraController;
  controller.enableCollisionDetection = false;
  controller.minimumZoomDistance = 0.5;
  controller.maximumZoomDistance = 20_000;
  controller.zoomEventTypes = [CameraEventType.WHEEL, CameraEventType.PINCH];
  controller.tiltEventTypes = [
    CameraEventType.RIGHT_DRAG,
    CameraEventType.MIDDLE_DRAG,
    CameraEventType.PINCH,
    { eventType: CameraEventType.LEFT_DRAG, modifier: KeyboardEventModifier.CTRL },
  ];
  return widget;
}

/** The sun stands still in the south-east of the site. */
export function lightFromSouthEast(scene: Scene, siteToEcef: Matrix4): void {
  const azimuth = (SUN.azimuth_deg * Math.PI) / 180;
  const elevation = (SUN.elevation_deg * Math.PI) / 180;
  const toSun = new Cartesian3(Math.sin(azimuth) * Math.cos(elevation), Math.cos(azimuth) * Math.cos(elevation), Math.sin(elevation));
  const rotation = Matrix4.getMatrix3(siteToEcef, new Matrix3());
  const ecef = Matrix3.multiplyByVector(rotation, toSun, new Cartesian3());
  scene.light = new DirectionalLight({ direction: Cartesian3.negate(ecef, new Cartesian3()), intensity: SUN.intensity, color: SUN.color });
}

export function applyQuality(scene: Scene, quality: Quality): void {
  const map = scene.shadowMap as typeof scene.shadowMap & { _primitiveBias: { depthBias: number; normalOffsetScale: number } };
  map.enabled = quality.shadows;
  map.softShadows = true;
  map.size = 2048;
  map.maximumDistance = SHADOW_REACH_M;
  map.darkness = 0.52;
  map._primitiveBias.depthBias = 0.0008;
  map._primitiveBias.normalOffsetScale = 1.5;
  const occlusion = scene.postProcessStages.ambientOcclusion;
  skyOccludesNothing(occlusion.get(0));
  occlusion.enabled = quality.ambient_occlusion;
  Object.assign(occlusion.uniforms, { intensity: 1.6, bias: 0.2, lengthCap: 0.4 });
  scene.msaaSamples = quality.smooth_edges ? 4 : 1;
  scene.requestRender();
}

/** CesiumJS puts what has no depth behind the eye instead of far off, which draws a black line along the horizon. */
function skyOccludesNothing(generate: object): void {
  const stage = generate as { _fragmentShader: string };
  stage._fragmentShader = stage._fragmentShader.replace("posEC.z = czm_currentFrustum.y;", "posEC.z = -czm_currentFrustum.y;");
}

/** Sky light from above and nothing from an environment map, so that the same model looks the same everywhere. */
export function lightTileset(tileset: Cesium3DTileset, kind: TilesetKind): void {
  tileset.environmentMapManager.enabled = false;
  const lighting = new ImageBasedLighting();
  lighting.imageBasedLightingFactor = new Cartesian2(1, 0);
  lighting.sphericalHarmonicCoefficients = SKY_LIGHT;
  tileset.imageBasedLighting = lighting;
  tileset.shadows = ShadowMode.ENABLED;
  if (kind !== "building") tileset.customShader = SURROUNDINGS;
}

/** Whether WebGL is drawn by the processor: then the costly looks are off to begin with. */
export function drawsInSoftware(): boolean {
  const context = document.createElement("canvas").getContext("webgl2");
  if (context === null) return true;
  const info = context.getExtension("WEBGL_debug_renderer_info");
  const renderer = String(context.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : context.RENDERER));
  context.getExtension("WEBGL_lose_context")?.loseContext();
  return /swiftshader|llvmpipe|software|basic render/i.test(renderer);
}

/** CesiumJS writes a `<style>` where its credits stand; in a shadow that is never attached the content policy has nothing to refuse. */
function detachedShadow(): HTMLElement {
  const inside = document.createElement("div");
  document.createElement("div").attachShadow({ mode: "open" }).append(inside);
  return inside;
}
