/** A pin at a spot of the scene with a line of text, laid over the picture: sharp at any zoom, and seen through walls. */

import { SceneTransforms, type Cartesian3, type Scene } from "@cesium/engine";

export class Marker {
  private readonly element = document.createElement("div");
  private at: Cartesian3 | null = null;

  constructor(
    private readonly scene: Scene,
    container: HTMLElement,
  ) {
    this.element.className = "spot";
    this.element.hidden = true;
    this.element.setAttribute("aria-hidden", "true");
    container.append(this.element);
    scene.preRender.addEventListener(() => this.follow());
  }

  /** Stands at a point of the earth (EPSG:4978); null takes it away. */
  show(at: Cartesian3 | null, label: string): void {
    this.at = at;
    this.element.textContent = label;
    this.follow();
    this.scene.requestRender();
  }

  private follow(): void {
    const point = this.at && SceneTransforms.worldToWindowCoordinates(this.scene, this.at);
    this.element.hidden = !point;
    if (point) this.element.style.translate = `${Math.round(point.x)}px ${Math.round(point.y)}px`;
  }
}
