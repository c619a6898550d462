/** The tilesets of a site: loaded one by one, each with its own style and clipping plane. */

import {
  Cesium3DTileFeature,
  Cesium3DTileStyle,
  Cesium3DTileset,
  ClippingPlane,
  ClippingPlaneCollection,
  Cartesian3,
  Color,
  CustomShader,
  Matrix4,
  ShadowMode,
  type Cesium3DTile,
  type Cesium3DTileContent,
  type Scene,
  type StyleExpression,
  UniformType,
  VaryingType,
} from "@cesium/engine";

import type { Verdict } from "../planner";
import type { Kind, TilesetEntry, TilesetKind } from "../service";
import { shows, tintOf, type Facts, type Look } from "./appearance";
import { lightTileset } from "./stage";

export interface LayerSwitches { city: boolean; terrain: boolean; furniture: boolean; spaces: boolean }
export interface Cut { tileset_key: string; storey: string; z: number; hides_terrain: boolean }

interface Loaded { entry: TilesetEntry; tileset: Cesium3DTileset; look: Look; pending: number }

const SECTION_EDGE = Color.fromCssColorString("#1f2937");
const NEARER_M = 0.06;
const ERROR_PIXELS: Record<TilesetKind, number> = { building: 12, city: 16, terrain: 16 };

/**
 * How an open storey is drawn. What the plane cuts shows its inside dark, as a drawn section is filled, instead of hollow.
 * Of a room (its tint's alpha says so) only floor and ceiling are drawn, since its sides lie in the faces of the walls, and a
 * little nearer to the eye than they are, since its floor lies in or under the finish of the floor. Where rooms show what is said
 * of them (u_told) their own colour is left out and little of the floor shines through, so that the tint is that of the legend.
 */
const OPEN_STOREY = new CustomShader({
  uniforms: { u_up: { type: UniformType.VEC3, value: new Cartesian3(0, 0, 1) }, u_told: { type: UniformType.FLOAT, value: 0 } },
  varyings: { v_room: VaryingType.FLOAT },
  vertexShaderText: `void vertexMain(VertexInput vsInput, inout czm_modelVertexOutput vsOutput) {
    v_room = 0.0;
    #ifdef HAS_SELECTED_FEATURE_ID
    SelectedFeature feature;
    selectedFeatureIdStage(feature, vsInput.featureIds);
    if (feature.color.a > 0.9 && feature.color.a < 0.995) {
      v_room = 1.0;
      vec4 seen = czm_modelView * vec4(vsOutput.positionMC, 1.0);
      seen.xyz *= 1.0 - ${NEARER_M.toFixed(3)} / max(length(seen.xyz), 1.0);
      vsOutput.positionMC = (czm_inverseModelView * seen).xyz;
    }
    #endif
  }`,
  fragmentShaderText: `void fragmentMain(FragmentInput fsInput, inout czm_modelMaterial material) {
    vec3 up = normalize((czm_view * vec4(u_up, 0.0)).xyz);
    if (v_room > 0.5 && abs(dot(fsInput.attributes.normalEC, up)) < 0.5) discard;
    if (v_room > 0.5 && u_told > 0.5) {
      material.diffuse = vec3(1.0);
      material.alpha = max(material.alpha, 0.85);
    }
    if (!gl_FrontFacing && material.alpha > 0.99) {
      material.diffuse = vec3(0.0);
      material.specular = vec3(0.0);
      material.emissive = vec3(0.045, 0.05, 0.06);
    }
  }`,
});

export class Layers {
  private readonly loaded = new Map<string, Loaded>();
  private readonly features = new Map<string, Set<Cesium3DTileFeature>>();
  private readonly facts = new WeakMap<Cesium3DTileFeature, Facts>();
  private switches: LayerSwitches = { city: true, terrain: true, furniture: true, spaces: true };
  private cut: Cut | null = null;
  private selected: string | null = null;
  private verdicts: ReadonlyMap<string, Verdict> | null = null;

  constructor(
    private readonly scene: Scene,
    private readonly onProgress: (pending: number) => void,
    private readonly onIncomplete: (entry: TilesetEntry) => void,
  ) {}

  /** Loads the tilesets; answers the entries that could not be read. */
  async load(entries: readonly TilesetEntry[], siteToEcef: Matrix4): Promise<TilesetEntry[]> {
    const failed: TilesetEntry[] = [];
    OPEN_STOREY.setUniform("u_up", Matrix4.multiplyByPointAsVector(siteToEcef, Cartesian3.UNIT_Z, new Cartesian3()));
    await Promise.all(
      entries.map(async (entry) => {
        try {
          const tileset = await Cesium3DTileset.fromUrl(entry.url, {
            maximumScreenSpaceError: ERROR_PIXELS[entry.kind],
            dynamicScreenSpaceError: false,
            cullRequestsWhileMoving: false,
          });
          this.add(entry, tileset, siteToEcef);
        } catch {
          failed.push(entry);
        }
      }),
    );
    this.apply();
    return failed;
  }

  clear(): void {
    for (const { tileset } of this.loaded.values()) this.scene.primitives.remove(tileset);
    this.loaded.clear();
    this.features.clear();
    this.cut = null;
    this.selected = null;
    this.verdicts = null;
    OPEN_STOREY.setUniform("u_told", 0);
  }

  setSwitches(switches: LayerSwitches): void {
    this.switches = switches;
    this.apply();
  }

  setCut(cut: Cut | null): void {
    this.cut = cut;
    this.apply();
  }

  setSelected(id: string | null): void {
    this.selected = id;
    this.apply();
  }

  setVerdicts(verdicts: ReadonlyMap<string, Verdict> | null): void {
    this.verdicts = verdicts;
    OPEN_STOREY.setUniform("u_told", verdicts === null ? 0 : 1);
    this.apply();
  }

  get tilesLoaded(): boolean {
    return [...this.loaded.values()].every(({ tileset }) => !tileset.show || tileset.tilesLoaded);
  }

  get pending(): number {
    let sum = 0;
    for (const { pending } of this.loaded.values()) sum += pending;
    return sum;
  }

  /** What the property table says of a drawn feature. */
  factsOf(feature: Cesium3DTileFeature): Facts {
    const known = this.facts.get(feature);
    if (known) return known;
    const facts: Facts = {
      id: text(feature.getProperty("id")),
      kind: text(feature.getProperty("kind")) as Kind | "",
      className: text(feature.getProperty("class")),
      longName: text(feature.getProperty("name")),
      storey: text(feature.getProperty("storey")),
      z_min: finite(feature.getProperty("z_min")),
    };
    this.facts.set(feature, facts);
    return facts;
  }

  /** The loaded pieces of a feature; none where its tile is not there. */
  piecesOf(id: string): Cesium3DTileFeature[] {
    return [...(this.features.get(id) ?? [])];
  }

  /** The tint a piece has without a pointer over it. */
  restingColor(feature: Cesium3DTileFeature): Color {
    const owner = [...this.loaded.values()].find(({ tileset }) => tileset === feature.tileset);
    return owner ? new Color(...tintOf(this.factsOf(feature), owner.look)) : Color.WHITE;
  }

  private add(entry: TilesetEntry, tileset: Cesium3DTileset, siteToEcef: Matrix4): void {
    lightTileset(tileset, entry.kind);
    const loaded: Loaded = { entry, tileset, look: { cut: null, furniture: true, spaces: true, selected: null, verdicts: null }, pending: 0 };
    this.loaded.set(entry.key, loaded);
    tileset.style = this.styleOf(loaded);
    tileset.tileLoad.addEventListener((tile: Cesium3DTile) => {
      this.note(tile.content);
    });
    tileset.tileUnload.addEventListener((tile: Cesium3DTile) => {
      this.forget(tile.content);
    });
    tileset.tileFailed.addEventListener(() => this.onIncomplete(entry));
    tileset.loadProgress.addEventListener((requests: number, processing: number) => {
      loaded.pending = requests + processing;
      this.onProgress(this.pending);
    });
    if (entry.kind === "building") {
      tileset.clippingPlanes = new ClippingPlaneCollection({
        planes: [new ClippingPlane(new Cartesian3(0, 0, -1), 0)],
        modelMatrix: fromSiteFrame(tileset, siteToEcef),
        enabled: false,
        edgeColor: SECTION_EDGE,
        edgeWidth: 1.5,
      });
    }
    this.scene.primitives.add(tileset);
  }

  private styleOf(loaded: Loaded): Cesium3DTileStyle {
    const style = new Cesium3DTileStyle();
    style.show = { evaluate: (feature: Cesium3DTileFeature) => shows(this.factsOf(feature), loaded.look) } as unknown as StyleExpression;
    style.color = {
      evaluateColor: (feature: Cesium3DTileFeature, result: Color) => {
        const [red, green, blue, alpha] = tintOf(this.factsOf(feature), loaded.look);
        return Color.fromBytes(red * 255, green * 255, blue * 255, alpha * 255, result);
      },
    } as unknown as StyleExpression;
    return style;
  }

  private apply(): void {
    for (const loaded of this.loaded.values()) {
      const { entry, tileset } = loaded;
      const cut = this.cut?.tileset_key === entry.key ? this.cut : null;
      const { furniture, spaces } = this.switches;
      loaded.look = { cut: cut && { storey: cut.storey, z: cut.z }, furniture, spaces, selected: this.selected, verdicts: this.verdicts };
      tileset.show = (entry.kind !== "city" || this.switches.city) && (entry.kind !== "terrain" || (this.switches.terrain && !this.cut?.hides_terrain));
      const planes = tileset.clippingPlanes as ClippingPlaneCollection | undefined;
      if (planes !== undefined && planes.length > 0) {
        planes.enabled = cut !== null;
        planes.get(0).distance = cut?.z ?? 0;
        tileset.backFaceCulling = cut === null;
        // Rooms and hidden ceilings would cast their shadow on the floor that one wants to see.
        tileset.shadows = cut === null ? ShadowMode.ENABLED : ShadowMode.DISABLED;
        tileset.customShader = cut === null ? undefined : OPEN_STOREY;
      }
      tileset.makeStyleDirty();
    }
    this.scene.requestRender();
  }

  private note(content: Cesium3DTileContent): void {
    for (const feature of featuresOf(content)) {
      const { id } = this.factsOf(feature);
      const pieces = this.features.get(id);
      if (pieces) pieces.add(feature);
      else this.features.set(id, new Set([feature]));
    }
  }

  private forget(content: Cesium3DTileContent): void {
    for (const feature of featuresOf(content)) {
      const { id } = this.factsOf(feature);
      const pieces = this.features.get(id);
      pieces?.delete(feature);
      if (pieces?.size === 0) this.features.delete(id);
    }
  }
}

/** CesiumJS measures planes in the root tile's frame; ours are in the site's. */
function fromSiteFrame(tileset: Cesium3DTileset, siteToEcef: Matrix4): Matrix4 {
  const planeFrame = (tileset as Cesium3DTileset & { clippingPlanesOriginMatrix?: Matrix4 }).clippingPlanesOriginMatrix ?? tileset.root.computedTransform;
  return Matrix4.multiply(Matrix4.inverse(planeFrame, new Matrix4()), siteToEcef, new Matrix4());
}

function* featuresOf(content: Cesium3DTileContent): Generator<Cesium3DTileFeature> {
  for (const inner of content.innerContents ?? []) yield* featuresOf(inner as Cesium3DTileContent);
  for (let index = 0; index < content.featuresLength; index += 1) yield content.getFeature(index);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function finite(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : Number.NEGATIVE_INFINITY;
}
