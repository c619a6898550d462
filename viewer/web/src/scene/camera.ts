/** Where the eye is, and how it gets elsewhere. */

import { BoundingSphere, Cartesian2, Cartesian3, Cartographic, HeadingPitchRange, Math as Angle, Matrix4, Transforms, type Scene } from "@cesium/engine";

import type { Pose } from "../address";
import type { LonLatHeight } from "../service";

const FLIGHT_S = 1.2;

export class Eye {
  constructor(private readonly scene: Scene, private readonly hurried: boolean) {}

  get pose(): Pose {
    const { camera } = this.scene;
    const place = Cartographic.fromCartesian(camera.positionWC);
    return {
      lon: Angle.toDegrees(place.longitude),
      lat: Angle.toDegrees(place.latitude),
      height_m: place.height,
      heading_deg: (Angle.toDegrees(camera.heading) + 360) % 360,
      pitch_deg: Angle.toDegrees(camera.pitch),
    };
  }

  place(pose: Pose): void {
    this.scene.camera.cancelFlight();
    this.scene.camera.setView({
      destination: Cartesian3.fromDegrees(pose.lon, pose.lat, pose.height_m),
      orientation: { heading: Angle.toRadians(pose.heading_deg), pitch: Angle.toRadians(pose.pitch_deg), roll: 0 },
    });
    this.scene.requestRender();
  }

  /** Looks at a ball of `radius_m` around a point, `range` radii away. */
  look(at: LonLatHeight, radius_m: number, { pitch_deg = -35, heading_deg = this.pose.heading_deg, range = 2.6, instant = false } = {}): void {
    const sphere = new BoundingSphere(Cartesian3.fromDegrees(at.lon, at.lat, at.height_m), Math.max(radius_m, 0.5));
    this.scene.camera.flyToBoundingSphere(sphere, {
      duration: instant || this.hurried || matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : FLIGHT_S,
      offset: new HeadingPitchRange(Angle.toRadians(heading_deg), Angle.toRadians(pitch_deg), Math.max(radius_m * range, 3)),
    });
    this.scene.requestRender();
  }

  northUp(): void {
    const { camera } = this.scene;
    const target = this.target();
    if (!target) {
      this.place({ ...this.pose, heading_deg: 0 });
      return;
    }
    const range = Cartesian3.distance(target, camera.positionWC);
    camera.lookAtTransform(Transforms.eastNorthUpToFixedFrame(target), new HeadingPitchRange(0, camera.pitch, range));
    camera.lookAtTransform(Matrix4.IDENTITY);
    this.scene.requestRender();
  }

  /** Turns, tilts (degrees) and nears (factor) around what is in the middle of the picture. */
  orbit(turn_deg: number, tilt_deg: number, factor = 1): void {
    const { camera } = this.scene;
    const target = this.target();
    if (!target) return;
    const range = Math.max(Cartesian3.distance(target, camera.positionWC) * factor, 1);
    const pitch = Angle.clamp(camera.pitch + Angle.toRadians(tilt_deg), -Angle.PI_OVER_TWO + 0.01, 0.2);
    const heading = camera.heading + Angle.toRadians(turn_deg);
    camera.lookAtTransform(Transforms.eastNorthUpToFixedFrame(target), new HeadingPitchRange(heading, pitch, range));
    camera.lookAtTransform(Matrix4.IDENTITY);
    this.scene.requestRender();
  }

  /** Metres a pixel in the middle of the picture; null where nothing is there. */
  metresPerPixel(): number | null {
    const target = this.target();
    if (!target) return null;
    const sphere = new BoundingSphere(target, 0);
    const { drawingBufferWidth, drawingBufferHeight, canvas } = this.scene;
    return this.scene.camera.getPixelSize(sphere, drawingBufferWidth, drawingBufferHeight) * (drawingBufferWidth / Math.max(canvas.clientWidth, 1));
  }

  private target(): Cartesian3 | undefined {
    const { canvas } = this.scene;
    return this.scene.pickPositionSupported ? this.scene.pickPosition(new Cartesian2(canvas.clientWidth / 2, canvas.clientHeight / 2)) : undefined;
  }
}
