/** A line around what is selected, so that it is found even where its own colour is dark. */

import { Color, PostProcessStage, type Cesium3DTileFeature, type Scene } from "@cesium/engine";

const LINE = Color.fromCssColorString("#f59e0b");
const WIDTH_PX = 1.6;

const SHADER = `
uniform sampler2D colorTexture;
uniform vec4 line;
uniform float width;
in vec2 v_textureCoordinates;
void main(void) {
  vec4 color = texture(colorTexture, v_textureCoordinates);
  vec2 step = width * czm_pixelRatio / czm_viewport.zw;
  int inside = 0;
  for (int x = -1; x <= 1; ++x) {
    for (int y = -1; y <= 1; ++y) {
      if (czm_selected(vec2(float(x), float(y)) * step)) inside += 1;
    }
  }
  out_FragColor = inside > 0 && inside < 9 ? vec4(line.rgb, 1.0) : color;
}`;

export class Outline {
  private readonly stage: PostProcessStage;

  constructor(scene: Scene) {
    this.stage = scene.postProcessStages.add(
      new PostProcessStage({ name: "twin_outline", fragmentShader: SHADER, uniforms: { line: LINE, width: WIDTH_PX } }),
    ) as PostProcessStage;
    this.stage.enabled = false;
  }

  around(pieces: Cesium3DTileFeature[]): void {
    if (pieces.length === 0 && !this.stage.enabled) return;
    this.stage.selected = pieces;
    this.stage.enabled = pieces.length > 0;
  }
}
