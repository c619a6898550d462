/** Incidents as they come: those that run, those that one is told of, and a sound for who wants one. */

import { outcome } from "../ask";
import { address } from "../registers";
import type { Twin } from "../twin";
import { either } from "../words";
import { EventLine } from "./events";
import { readIncident, readIncidents, worstFirst, type Incident, type IncidentNews } from "./incidents";

const PAGE = 200;
const STORED_SOUND = "twin.sound";
const LOUD_FROM = 3;

export class Watch {
  /** Running ones and what became of them since the page was opened. */
  readonly known = new Map<string, Incident>();
  /** What a screen reader says: the newest incident that began while one was here. */
  announced = "";
  /** The incident that was announced last. */
  newest: Incident | null = null;
  /** Counts announcements, so that the same words said twice are said twice. */
  spoken = 0;
  sound = remembered();
  readonly line = new EventLine({ opened: () => void this.read(), gap: () => void this.read(), incident: (news) => void this.hear(news), line: () => this.changed() });
  private settled = false;
  /** What came by events while the lists were read: it is newer than they are. */
  private readonly fresh = new Set<string>();

  constructor(
    private readonly twin: Twin,
    private readonly changed: () => void,
  ) {}

  begin(): void {
    this.known.clear();
    this.settled = false;
    this.line.begin();
    void this.read();
  }

  end(): void {
    this.line.end();
    this.known.clear();
    this.announced = "";
    this.newest = null;
  }

  /** The worst first. */
  get running(): Incident[] {
    return [...this.known.values()].filter(({ state }) => state !== "closed").sort(worstFirst);
  }

  /** An event tells of a part of an incident, to those who may know of that part: the whole is read as one may know it. */
  private async hear({ incident: number, change, notify }: IncidentNews): Promise<void> {
    const found = await outcome(() => readIncident(String(number)));
    if (found.status !== "ready") return;
    const isTold = notify && (change === "reopened" || change === "raised") && this.known.has(String(found.value.id));
    this.take(found.value);
    if (isTold && found.value.site === this.twin.site?.code) this.announce(found.value);
  }

  take(told: Incident): void {
    const incident = { ...told, id: String(told.id) };
    if (incident.site !== this.twin.site?.code) return;
    this.fresh.add(incident.id);
    const isNew = !this.known.has(incident.id) && incident.state === "open";
    this.known.set(incident.id, incident);
    if (isNew && this.settled) this.announce(incident);
    this.changed();
  }

  setSound(sound: boolean): void {
    this.sound = sound;
    if (sound) beep(LOUD_FROM);
    try {
      localStorage.setItem(STORED_SOUND, sound ? "on" : "off");
    } catch {
      // Not stored: the next visit is silent again.
    }
    this.changed();
  }

  /** All that run, anew; what ended meanwhile is read by its list. */
  private async read(): Promise<void> {
    const site = this.twin.site?.code;
    const found: Incident[] = [];
    this.fresh.clear();
    for (const state of ["open", "acknowledged"] as const) {
      let next: string | null = address("/incidents", { site, state, limit: PAGE });
      while (next !== null) {
        const from: string = next;
        const page = await outcome(() => readIncidents(from));
        if (page.status !== "ready" || this.twin.site?.code !== site) return;
        found.push(...page.value.incidents);
        next = page.value.next;
      }
    }
    const ids = new Set(found.map(({ id }) => String(id)));
    for (const one of this.known.values()) if (!ids.has(one.id) && one.state !== "closed" && !this.fresh.has(one.id)) this.known.delete(one.id);
    for (const one of found) if (!this.fresh.has(String(one.id))) this.take(one);
    this.settled = true;
    this.changed();
  }

  private announce(incident: Incident): void {
    this.newest = incident;
    this.announced = either(incident.title);
    this.spoken += 1;
    if (this.sound) beep(incident.severity);
  }
}

/** Two tones, higher the worse it is. */
function beep(severity: number): void {
  const context = new AudioContext();
  for (const [at, factor] of [[0, 1], [0.18, 1.26]] as const) {
    const tone = new OscillatorNode(context, { frequency: (severity >= LOUD_FROM ? 740 : 494) * factor });
    const gain = new GainNode(context, { gain: 0 });
    gain.gain.setValueAtTime(0.12, context.currentTime + at);
    gain.gain.exponentialRampToValueAtTime(0.001, context.currentTime + at + 0.16);
    tone.connect(gain).connect(context.destination);
    tone.start(context.currentTime + at);
    tone.stop(context.currentTime + at + 0.17);
    if (at > 0) tone.addEventListener("ended", () => void context.close());
  }
}

function remembered(): boolean {
  try {
    return localStorage.getItem(STORED_SOUND) === "on";
  } catch {
    return false;
  }
}
