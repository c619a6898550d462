/**
 * How city and terrain are drawn: what is green is mottled by place, as grass and leaves are, and the distance turns to haze.
 * The place is reckoned from the eye, whose place in the site frame is known exactly, and not from ECEF in single precision.
 */

import { Cartesian3, CustomShader, Matrix3, Matrix4, type Scene, UniformType } from "@cesium/engine";

const HAZE_M = 2600;

export const SURROUNDINGS = new CustomShader({
  uniforms: {
    u_eye: { type: UniformType.VEC3, value: new Cartesian3() },
    u_eyeToSite: { type: UniformType.MAT3, value: Matrix3.clone(Matrix3.IDENTITY) },
  },
  fragmentShaderText: `
  float cell(vec2 at) {
    vec3 mixed = fract(vec3(at.xyx) * 0.1031);
    mixed += dot(mixed, mixed.yzx + 33.33);
    return fract((mixed.x + mixed.y) * mixed.z);
  }
  float patches(vec2 at) {
    vec2 corner = floor(at);
    vec2 t = at - corner;
    t = t * t * (3.0 - 2.0 * t);
    return mix(mix(cell(corner), cell(corner + vec2(1.0, 0.0)), t.x), mix(cell(corner + vec2(0.0, 1.0)), cell(corner + vec2(1.0, 1.0)), t.x), t.y) - 0.5;
  }
  void fragmentMain(FragmentInput fsInput, inout czm_modelMaterial material) {
    vec3 seen = fsInput.attributes.positionEC;
    vec3 site = u_eyeToSite * seen + u_eye;
    vec2 place = site.xy + site.z * vec2(0.73, 0.41);
    float leaves = smoothstep(0.03, 0.3, 1.0 - abs((u_eyeToSite * fsInput.attributes.normalEC).z));
    float away = length(seen);
    float fine = 1.0 - smoothstep(40.0, 160.0, away);
    vec3 own = material.diffuse;
    float green = smoothstep(1.06, 1.3, own.g / max(max(own.r * 0.98, own.b), 0.001));
    float mottle = patches(place / 31.0) * 0.34 + patches(place / 9.0 + 17.0) * 0.26 + fine * (patches(place / 1.7) * 0.24 + patches(place / 0.35) * 0.2);
    mottle += leaves * (1.0 - smoothstep(90.0, 260.0, away)) * (patches(place / 0.75 + 5.0) * 0.5 + patches(place / 0.26) * 0.45);
    float stain = patches(place / 13.0) * 0.07 + fine * patches(place / 0.6) * 0.05;
    material.diffuse = own * mix(vec3(1.0 + stain), vec3(1.0 + mottle * 1.25, 1.0 + mottle * 0.85, 1.0 + mottle * 0.5), green);
    float haze = 1.0 - exp(-pow(away / ${HAZE_M.toFixed(1)}, 1.35));
    material.diffuse *= 1.0 - haze;
    material.emissive = mix(material.emissive, vec3(0.66, 0.77, 0.85), haze);
  }`,
});

/** Tells the shader before each frame where the eye is in the site frame; answers what stops it. */
export function followEye(scene: Scene, siteToEcef: Matrix4): () => void {
  const ecefToSite = Matrix4.inverseTransformation(siteToEcef, new Matrix4());
  const turn = Matrix4.getMatrix3(ecefToSite, new Matrix3());
  const eye = new Cartesian3();
  const eyeToSite = new Matrix3();
  return scene.preRender.addEventListener(() => {
    const { camera } = scene;
    SURROUNDINGS.setUniform("u_eye", Matrix4.multiplyByPoint(ecefToSite, camera.positionWC, eye));
    SURROUNDINGS.setUniform("u_eyeToSite", Matrix3.multiply(turn, Matrix4.getMatrix3(camera.inverseViewMatrix, eyeToSite), eyeToSite));
  });
}
