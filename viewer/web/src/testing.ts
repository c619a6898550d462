/**
 * `window.twin`: the handle that tests and pictures hold.
 * It reads and moves what a person can read and move with the mouse, and reaches nothing else.
 */

import type { Pose } from "./address";
import type { LayerSwitches } from "./scene/layers";
import type { Quality } from "./scene/stage";
import type { Phase, Twin } from "./twin";

export interface TwinHandle {
  /** `loading`, `ready`, `empty`, `no_tiles`, `failed` or `no_webgl`. */
  phase(): Phase;
  /** Resolves with the phase once the page is no longer loading. */
  ready(): Promise<Phase>;
  /** Degrees, ellipsoidal metres; the pitch is negative downwards. */
  setView(pose: Pose): void;
  getView(): Pose | null;
  /** The feature id at a point of the picture (CSS pixels from its upper left corner), or null. */
  pickAt(x: number, y: number): string | null;
  selectStorey(id: string | null): Promise<void>;
  select(id: string | null): Promise<void>;
  /** Share of the picture, 0 to 1, covered by tiles. */
  coverage(): number;
  /** Whether everything the current camera asks for is loaded and drawn. */
  tilesLoaded(): boolean;
  setLayers(switches: Partial<LayerSwitches>): void;
  setQuality(quality: Quality): void;
  /** Height of the cut above the floor of the open storey, metres. */
  setSection(height_m: number): void;
  /** Shows or hides everything but the picture. */
  panels(shown: boolean): void;
  /** What moves, whether and where it is drawn (CSS pixels; null beyond the picture), what its sign says. */
  movers(): { handle: number; key: string | null; look: string; shown: boolean; x: number | null; y: number | null }[];
  /** What stands and has a state, where it is drawn, and what its sign says. */
  devices(): { id: string; look: string; sign: boolean; x: number | null; y: number | null }[];
  /** The cameras whose cones are drawn. */
  cones(): string[];
  /** The moment of the past that is shown, milliseconds of UTC; null is now. */
  moment(): number | null;
}

declare global {
  interface Window {
    twin?: TwinHandle;
  }
}

export function expose(twin: Twin): void {
  window.twin = {
    phase: () => twin.phase,
    ready: () =>
      new Promise((resolve) => {
        const settle = (): void => {
          if (twin.phase === "loading") return;
          twin.removeEventListener("change", settle);
          resolve(twin.phase);
        };
        twin.addEventListener("change", settle);
        settle();
      }),
    setView: (pose) => {
      twin.view?.eye.place(pose);
      twin.view?.touch();
    },
    getView: () => twin.view?.eye.pose ?? null,
    pickAt: (x, y) => twin.view?.pointer.idAt(x, y) ?? null,
    selectStorey: async (id) => (id === null ? twin.leaveStorey() : twin.openStorey(id)),
    select: (id) => twin.select(id),
    coverage: () => twin.view?.coverage() ?? 0,
    tilesLoaded: () => twin.view?.settled ?? false,
    setLayers: (switches) => twin.setSwitches(switches),
    setQuality: (quality) => twin.setQuality(quality),
    setSection: (height_m) => twin.setSection(height_m),
    panels: (shown) => twin.set({ panels: shown }),
    devices: () => twin.view?.devices.told() ?? [],
    cones: () => twin.live.chosen.cones,
    moment: () => twin.live.past.at_ms,
    movers: () => (twin.view?.movers.told() ?? []).map((one) => ({ ...one, key: twin.live.feed.names.get(one.handle)?.key ?? null })),
  };
}
