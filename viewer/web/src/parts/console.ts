/** The console: head, contents, picture, details and status line. */

import { css, html, LitElement, nothing, unsafeCSS, type TemplateResult } from "lit";

import { parsePlace } from "../address";
import { TONES, VERDICTS } from "../planner";
import { View } from "../scene/view";
import { OUTCOMES } from "../stock";
import { Twin } from "../twin";
import { FAMILIES } from "../work";
import { Failure } from "../service";
import { fixed, t } from "../words";
import { told } from "./failure";
import { look } from "./look";
import type { Choice } from "./menu";
import "./menu";
import "./differences";
import "./dossier";
import "./gate";
import "./imports";
import "./import_findings";
import "./incident";
import "./incidents";
import { JOURNEY_TABS } from "./journey";
import "./live_bar";
import "./live_frame";
import "./moves";
import "./muster";
import "./panel";
import "./portal";
import "./search";
import "./stocktake";
import "./stocktakes";
import "./tree";
import "./worklist";

const NARROW_PX = 900;
/** Below this contents and details together leave too little of the picture: one opens the contents oneself. */
const ROOM_FOR_BOTH_PX = 1100;
const LIVE = "live";
const SECTION = { min: 0.2, max: 4.5, step: 0.1 };
const SCALE_PX = 90;
const ZOOM = 1.6;
const COMMANDS: Record<"empty" | "no_tiles" | "unplaced", (site: string) => string> = {
  empty: () => "twin site add CODE --name … --origin LON,LAT,HEIGHT --crs EPSG:… --geoid-separation …",
  no_tiles: (site) => `twin import bim FILE… --site ${site}\ntwin tiles build`,
  unplaced: (site) => `twin import bim FILE --site ${site} --anchor LON,LAT,HEIGHT,HEADING\ntwin tiles build`,
};

export class TwinConsole extends LitElement {
  static override properties = { contents: { state: true } };
  static override styles = [
    look,
    css`
      :host { position: fixed; inset: 0; display: grid; grid-template: 46px 1fr auto 28px / auto 1fr auto; background: var(--paper); overflow: hidden; }
      header { grid-column: 1 / -1; display: flex; align-items: center; gap: 8px; padding: 0 12px; border-bottom: 1px solid var(--line); background: var(--paper); z-index: 3; min-width: 0; }
      h1 { font-size: 15px; font-weight: 650; margin: 0; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
      header .gap { flex: 1; }
      header .mark { width: 22px; height: 22px; flex: none; }
      header select { font: inherit; max-width: 220px; border: 1px solid var(--line); border-radius: 7px; padding: 3px 6px; background: var(--paper); color: inherit; }
      twin-tree { grid-area: 2 / 1; width: 276px; border-right: 1px solid var(--line); min-height: 0; }
      main { grid-area: 2 / 2; position: relative; min-width: 0; min-height: 0; overflow: hidden; }
      .side:focus { outline: none; }
      .side { grid-area: 2 / 3; width: 392px; border-left: 1px solid var(--line); background: var(--paper); }
      .side.broad { width: min(540px, 42vw); }
      ::slotted([slot="scene"]) { position: absolute; inset: 0; }
      twin-live-bar { grid-area: 3 / 1 / 4 / 4; min-width: 0; }
      footer { grid-area: 4 / 1 / 5 / 4; display: flex; gap: 18px; align-items: center; padding: 0 12px; border-top: 1px solid var(--line); font-size: 12px; color: var(--quiet); white-space: nowrap; overflow: hidden; }
      footer .gap { flex: 1; }
      .progress { position: absolute; inset: 0 0 auto; width: 100%; height: 3px; appearance: none; border: none; background: none; z-index: 2; pointer-events: none; }
      .progress::-webkit-progress-bar { background: none; }
      .progress::-webkit-progress-value { background: var(--accent); }
      .progress::-moz-progress-bar { background: var(--accent); }
      .message { position: absolute; inset: 0; display: grid; place-content: center; justify-items: center; gap: 12px; text-align: center; padding: 24px; background: linear-gradient(#eef4f8, #f8faf7); z-index: 2; }
      .message .why { margin: 0; max-width: 44em; }
      .message > code { background: var(--paper); border: 1px solid var(--line); border-radius: 8px; padding: 8px 12px; white-space: pre-wrap; text-align: left; }
      .loading { background: none; place-content: end center; padding-bottom: 48px; pointer-events: none; }
      .loading span { background: var(--paper); padding: 6px 16px; border-radius: 20px; box-shadow: var(--shadow); }
      .section { position: absolute; left: 50%; bottom: 16px; translate: -50% 0; width: max-content; display: flex; flex-wrap: wrap; justify-content: center; align-items: center; gap: 6px 12px; background: var(--paper); border: 1px solid var(--line); border-radius: 12px; box-shadow: var(--shadow); padding: 8px 12px; max-width: calc(100% - 24px); z-index: 1; }
      .section label { display: flex; gap: 10px; align-items: center; white-space: nowrap; }
      .section input { accent-color: var(--accent); width: 130px; min-width: 60px; }
      .section button { white-space: nowrap; }
      .legend { position: absolute; left: 12px; bottom: 84px; background: rgb(255 255 255 / 0.94); border: 1px solid var(--line); border-radius: 9px; box-shadow: var(--shadow); padding: 7px 12px; font-size: 13px; z-index: 1; display: grid; gap: 3px; }
      .legend ul { margin: 0; padding: 0; list-style: none; display: grid; gap: 3px; }
      .legend li { display: flex; gap: 8px; align-items: center; }
      .legend i { width: 14px; height: 14px; border-radius: 3px; border: 1px solid rgb(20 32 46 / 0.3); }
      .legend .bad { background: #db4d3d; }
      .legend .warn { background: #f5ad38; }
      .legend .cool { background: #6ba8f2; }
      .legend .good { background: #8fd494; }
      .legend .none { background: #dbdee0; }
      .section output { min-width: min(9em, 100%); font-variant-numeric: tabular-nums; }
      .message h2 { font-size: 20px; }
      .corner { position: absolute; right: 12px; top: 12px; display: grid; gap: 8px; justify-items: end; z-index: 1; }
      .corner button { width: 40px; height: 40px; padding: 0; background: rgb(255 255 255 / 0.94); display: grid; place-items: center; font-size: 20px; line-height: 1; }
      .corner button:hover { background: var(--paper); }
      .compass { border-radius: 50%; box-shadow: var(--shadow); }
      .compass svg { width: 34px; height: 34px; }
      .zoom { display: grid; border-radius: 9px; box-shadow: var(--shadow); }
      .zoom button:first-child { border-radius: 9px 9px 0 0; }
      .zoom button:last-child { border-radius: 0 0 9px 9px; border-top: none; }
      .scale { position: absolute; left: 12px; bottom: 12px; padding: 1px 7px 6px; border-radius: 6px; background: rgb(255 255 255 / 0.85); font-size: 11px; color: var(--ink); z-index: 1; pointer-events: none; }
      .scale i { display: block; height: 5px; border: 1.5px solid currentColor; border-top: none; margin-top: 1px; }
      .warning { position: absolute; left: 12px; top: 12px; max-width: min(60%, 44em); display: flex; gap: 10px; align-items: flex-start; background: #fff7ed; border: 1px solid #fdba74; color: #7c2d12; border-radius: 9px; padding: 6px 6px 6px 12px; z-index: 3; }
      .warning ul { margin: 0; padding: 0; list-style: none; overflow-wrap: anywhere; }
      .warning button { padding: 0 8px; }
      :host(.bare) { grid-template: 0 1fr 0 0 / 0 1fr 0; }
      :host(.bare) header, :host(.bare) footer, :host(.bare) twin-live-bar, :host(.bare) twin-live-frame, :host(.bare) twin-tree, :host(.bare) .side, :host(.bare) .legend, :host(.bare) .corner, :host(.bare) .section, :host(.bare) .scale, :host(.bare) .progress, :host(.bare) .warning { display: none; }
      @media (max-width: ${unsafeCSS(NARROW_PX)}px) {
        twin-tree, .side { grid-area: 2 / 1 / 3 / 4; position: absolute; top: 0; bottom: 0; z-index: 2; background: var(--paper); box-shadow: var(--shadow); }
        twin-tree { left: 0; width: min(240px, 60%); }
        .side { right: 0; width: min(340px, 75%); }
        .side.broad { width: min(540px, 100%); }
        header { gap: 6px; padding: 0 8px; }
        header .mark, header .gap { display: none; }
        header h1 { flex: 0 1 auto; min-width: 2em; }
        twin-search { flex: 1 1 90px; }
        header button { padding: 4px 8px; white-space: nowrap; }
        main { grid-column: 1 / -1; }
        .section output, footer .wide { display: none; }
      }
      @media (max-width: 480px) {
        :host { grid-template-rows: auto 1fr auto 28px; }
        header { flex-wrap: wrap; padding: 6px 8px; }
        header h1 { flex: 1 1 5em; }
        twin-search { flex: 2 1 150px; }
      }
      @media (max-width: 480px) and (orientation: portrait) {
        .side:not(.broad) { left: 0; width: auto; top: 42%; border-left: none; border-top: 1px solid var(--line); }
        main:has(~ .side:not(.broad, [hidden])) { height: 42%; }
      }
    `,
  ];

  declare contents: boolean;
  readonly twin = new Twin();
  private readonly onPopState = (): void => void this.twin.follow();
  private readonly onKey = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    const inPanel = this.renderRoot instanceof ShadowRoot && this.renderRoot.activeElement?.classList.contains("side");
    this.twin.stepOut();
    if (inPanel) this.twin.view?.canvas.focus();
  };
  private heading_deg = 0;
  private record: string | null = null;
  private scale: { px: number; metres: number } | null = null;

  constructor() {
    super();
    this.contents = innerWidth > ROOM_FOR_BOTH_PX;
    this.twin.addEventListener("change", () => {
      this.classList.toggle("bare", !this.twin.panels);
      this.requestUpdate();
    });
  }

  override firstUpdated(): void {
    const scene = document.createElement("div");
    scene.slot = "scene";
    scene.className = "scene";
    this.append(scene);
    try {
      this.twin.view = new View(scene, {
        pick: (id) => void this.twin.select(id),
        pickLive: (found) => this.twin.live.chosen.pick(found),
        progress: (pending) => {
          this.twin.loading(pending);
          if (pending === 0) this.measure();
        },
        moved: () => {
          this.twin.remember();
          this.twin.live.around();
          this.measure();
        },
        rendered: () => this.turn(),
        incomplete: ({ name }) => this.twin.warn(new Failure("failure.tiles", { name })),
        broken: () => this.twin.set({ phase: "failed", why: new Failure("failure.drawing") }),
      });
    } catch {
      // CesiumJS throws its RuntimeError (no Error subclass) where there is no WebGL 2.
      this.twin.set({ phase: "no_webgl" });
      return;
    }
    this.twin.view.canvas.setAttribute("role", "application");
    void this.begin();
  }

  /** Where the address names nothing, one begins at one's desk, if there is room for it. */
  private async begin(): Promise<void> {
    const { select, storey, record, list, camera } = parsePlace(location.hash);
    await this.twin.open();
    const { desk, selected } = this.twin;
    if (desk.reads && selected === null && !select && !storey && !record && !list && !camera && innerWidth > NARROW_PX) desk.showPortal();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("popstate", this.onPopState);
    addEventListener("keydown", this.onKey);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener("popstate", this.onPopState);
    removeEventListener("keydown", this.onKey);
  }

  override updated(): void {
    this.keepFocus();
    this.renderRoot.querySelector<SVGElement>(".needle")?.style.setProperty("rotate", `${-this.heading_deg}deg`);
    this.renderRoot.querySelector<HTMLElement>(".scale i")?.style.setProperty("width", `${this.scale?.px ?? 0}px`);
    this.twin.view?.canvas.setAttribute("aria-label", `${t("app.scene")}. ${t("app.scene_keys")}`);
  }

  /** A record or list that was opened from another takes the focus that went with that one. */
  private keepFocus(): void {
    const address = this.twin.desk.address ?? this.twin.desk.list;
    const opened = address !== null && address !== this.record;
    this.record = address;
    if (opened && document.activeElement === document.body) this.renderRoot.querySelector<HTMLElement>(".side")?.focus();
  }

  override render(): TemplateResult {
    const { twin } = this;
    const { site, phase } = twin;
    return html`<header>
        <button class="plain" aria-label=${t("action.show_tree")} title=${t("action.show_tree")} aria-expanded=${this.contents ? "true" : "false"} @click=${() => (this.contents = !this.contents)}>☰</button>
        <img class="mark" src="/favicon.svg" alt="" />
        <h1>${site?.name ?? t("app.title")}</h1>
        ${twin.sites.length > 1 ? this.siteChoice() : nothing}
        <span class="gap"></span>
        ${twin.desk.reads ? html`<twin-search .twin=${twin}></twin-search>` : nothing}
        <span class="gap"></span>
        <button ?disabled=${phase !== "ready"} @click=${() => twin.home()}>${t("action.home")}</button>
        <twin-menu .label=${t("action.layers")} .choices=${this.layerChoices()} @choose=${(event: CustomEvent<{ name: string; on: boolean }>) => (event.detail.name === LIVE ? twin.live.show(event.detail.on) : twin.setSwitches({ [event.detail.name]: event.detail.on }))}></twin-menu>
        <twin-menu .label=${t("action.quality")} .choices=${this.qualityChoices()} @choose=${(event: CustomEvent<{ name: string; on: boolean }>) => twin.setQuality({ ...twin.quality, [event.detail.name]: event.detail.on }, true)}></twin-menu>
        ${twin.desk.reads ? html`<button class="portal" aria-expanded=${twin.desk.shown.what === "portal" ? "true" : "false"} @click=${() => (twin.desk.shown.what === "portal" ? twin.desk.close() : twin.desk.showPortal())}>${t("action.portal")}</button>` : nothing}
        <button class="language" title=${t("action.language_hint")} @click=${() => twin.changeLanguage()}>${t("action.language")}</button>
      </header>
      <twin-tree .twin=${twin} .folded=${!this.contents} ?hidden=${!this.contents}></twin-tree>
      <main>
        <slot name="scene"></slot>
        ${this.progress()}
        ${this.message()} ${phase === "ready" ? this.overlays() : nothing}
      </main>
      ${this.side()}
      <twin-live-bar .twin=${twin}></twin-live-bar>
      <footer>${this.status()}</footer>`;
  }

  private side(): TemplateResult {
    const { twin } = this;
    const { shown } = twin.desk;
    if (shown.what === "portal") return html`<twin-portal class="side" .twin=${twin}></twin-portal>`;
    if (shown.what === "record") return html`<twin-dossier class="side" tabindex="-1" .twin=${twin} .name=${shown.name}></twin-dossier>`;
    if (shown.what === "list") return this.list(shown.list);
    return html`<twin-panel class="side" .twin=${twin} ?hidden=${twin.details.status === "none"}></twin-panel>`;
  }

  /** See `Shown` of the desk. */
  private list(address: string): TemplateResult {
    const { twin } = this;
    const [name, first, second] = address.split("/");
    if (name === "incidents") return html`<twin-incidents class="side" tabindex="-1" .twin=${twin}></twin-incidents>`;
    if (name === "incident") return html`<twin-incident class="side" tabindex="-1" .twin=${twin} .number=${address.slice("incident/".length)}></twin-incident>`;
    if (name === "gate") return html`<twin-gate class="side" tabindex="-1" .twin=${twin} .gate=${address.slice("gate/".length)}></twin-gate>`;
    if (name === "journey") return html`<twin-journey class="side" tabindex="-1" .twin=${twin} .vehicle=${address.split("/").slice(2).join("/")} .tab=${JOURNEY_TABS.find((one) => one === first) ?? "trips"}></twin-journey>`;
    if (name === "muster") return html`<twin-muster class="side" tabindex="-1" .twin=${twin} .since=${first ?? ""} .building=${second ? address.split("/").slice(2).join("/") : null}></twin-muster>`;
    if (name === "imports") return html`<twin-imports class="side broad" tabindex="-1" .twin=${twin} .kind=${first ?? null}></twin-imports>`;
    if (name === "import") return html`<twin-import class="side broad" tabindex="-1" .twin=${twin} .batch=${Number(first)} .code=${second ?? null}></twin-import>`;
    if (name === "worklist") return html`<twin-worklist class="side broad" tabindex="-1" .twin=${twin} .family=${FAMILIES.find((one) => one === first) ?? null}></twin-worklist>`;
    if (name === "moves") return html`<twin-moves class="side broad" tabindex="-1" .twin=${twin} .sheet=${first === "requests" ? "requests" : "elsewhere"}></twin-moves>`;
    if (name === "differences") return html`<twin-differences class="side" tabindex="-1" .twin=${twin} .code=${first ?? null}></twin-differences>`;
    const take = Number(first);
    if (!Number.isInteger(take) || take < 1) return html`<twin-stocktakes class="side" tabindex="-1" .twin=${twin}></twin-stocktakes>`;
    return html`<twin-stocktake class="side" tabindex="-1" .twin=${twin} .take=${take} .outcome=${OUTCOMES.find((one) => one === second) ?? null}></twin-stocktake>`;
  }

  private siteChoice(): TemplateResult {
    return html`<select aria-label=${t("action.site")} @change=${(event: Event) => void this.twin.openSite((event.target as HTMLSelectElement).value)}>
      ${this.twin.sites.map(({ code, name }) => html`<option value=${code} ?selected=${code === this.twin.site?.code}>${name}</option>`)}
    </select>`;
  }

  private layerChoices(): Choice[] {
    const { switches } = this.twin;
    const layers = (["city", "terrain", "furniture", "spaces"] as const).map((name) => ({ name, label: t(`layer.${name}`), on: switches[name] }));
    return this.twin.live.access === "given" ? [...layers, { name: LIVE, label: t("live.show"), on: this.twin.live.shown }] : layers;
  }

  private qualityChoices(): Choice[] {
    const { quality } = this.twin;
    return (["shadows", "ambient_occlusion", "smooth_edges"] as const).map((name) => ({ name, label: t(`quality.${name}`), on: quality[name] }));
  }

  private progress(): TemplateResult | typeof nothing {
    const { phase, pending, peak } = this.twin;
    if (phase !== "ready" || pending === 0) return nothing;
    return html`<progress class="progress" aria-label=${t("status.tiles_loading", { count: pending })} max=${peak} value=${peak - pending}></progress>`;
  }

  private message(): TemplateResult | typeof nothing {
    const { phase, why, site, tree } = this.twin;
    if (phase === "ready") return nothing;
    if (phase === "loading") return html`<div class="message loading" role="status"><span>${t("phase.loading")}</span></div>`;
    const what = phase === "no_tiles" && tree?.buildings.some(({ centre }) => centre === null) ? "unplaced" : phase;
    const command = what === "failed" || what === "no_webgl" ? null : COMMANDS[what](site?.code ?? "");
    return html`<div class="message" role="alert">
      <h2>${t(`phase.${what}`)}</h2>
      <div class="why">${what === "failed" ? (why ? told(why) : nothing) : t(`phase.${what}_hint`)}</div>
      ${command ? html`<code>${command}</code>` : nothing}
      ${what === "no_webgl" ? nothing : html`<button class="primary" @click=${() => void this.twin.open()}>${t("action.retry")}</button>`}
    </div>`;
  }

  private overlays(): TemplateResult {
    const { twin } = this;
    const north = t("action.north", { degrees: Math.round(this.heading_deg) });
    return html`${this.warnings()}
      <twin-live-frame .twin=${twin}></twin-live-frame>
      <div class="corner">
        <button class="compass" aria-label=${north} title=${north} @click=${() => twin.view?.eye.northUp()}>
          <svg class="needle" viewBox="-20 -20 40 40" aria-hidden="true">
            <path d="M0-15 5 0H-5z" fill="#dc2626" /><path d="M0 15 5 0H-5z" fill="#94a3b8" /><circle r="1.8" fill="#fff" />
          </svg>
        </button>
        <div class="zoom">
          <button aria-label=${t("action.nearer")} title=${t("action.nearer")} @click=${() => twin.view?.eye.orbit(0, 0, 1 / ZOOM)}>+</button>
          <button aria-label=${t("action.farther")} title=${t("action.farther")} @click=${() => twin.view?.eye.orbit(0, 0, ZOOM)}>−</button>
        </div>
      </div>
      ${this.scale ? html`<div class="scale">${length(this.scale.metres)}<i></i></div>` : nothing} ${twin.storey === null ? nothing : html`${this.legend()} ${this.section()}`}`;
  }

  /** What the tints of the rooms mean, as far as they occur. */
  private legend(): TemplateResult | typeof nothing {
    const { verdicts } = this.twin.desk;
    if (verdicts === null) return nothing;
    const found = new Set(verdicts.values());
    const tones = (["bad", "warn", "cool", "good", "none"] as const).map((tone) => ({ tone, said: VERDICTS.filter((verdict) => found.has(verdict) && TONES[verdict] === tone) }));
    return html`<div class="legend" role="group" aria-label=${t("office.legend")}>
      <ul>
        ${tones.filter(({ said }) => said.length > 0).map(({ tone, said }) => html`<li><i class=${tone}></i>${said.map((verdict) => t(`verdict.${verdict}`)).join(t("list.separator"))}</li>`)}
      </ul>
    </div>`;
  }

  private warnings(): TemplateResult | typeof nothing {
    const { warnings } = this.twin;
    if (warnings.length === 0) return nothing;
    return html`<div class="warning" role="alert">
      <ul>
        ${warnings.map((warning) => html`<li>${told(warning)}</li>`)}
      </ul>
      <button class="plain" aria-label=${t("action.close")} title=${t("action.close")} @click=${() => this.twin.set({ warnings: [] })}>✕</button>
    </div>`;
  }

  private section(): TemplateResult {
    const { twin } = this;
    const height = t("section.value", { height: fixed(twin.section_m, 1) });
    return html`<div class="section">
      <label
        >${t("section.height")}
        <input
          type="range"
          min=${SECTION.min}
          max=${SECTION.max}
          step=${SECTION.step}
          .value=${String(twin.section_m)}
          aria-valuetext=${height}
          @input=${(event: Event) => twin.setSection(Number((event.target as HTMLInputElement).value))}
        />
        <output>${height}</output>
      </label>
      <button class="primary leave" @click=${() => twin.leaveStorey()}>${t("action.leave_storey")}</button>
    </div>`;
  }

  private status(): TemplateResult {
    const { site, pending, phase, warnings } = this.twin;
    const drawn = pending > 0 ? t("status.tiles_loading", { count: pending }) : t(warnings.some(({ key }) => key.startsWith("failure.tile")) ? "status.incomplete" : "status.tiles_ready");
    return html`<span role="status">${phase === "ready" ? drawn : nothing}</span>
      ${site ? html`<span>${t("status.counts", { ...site.counts })}</span>` : nothing}
      <span class="gap"></span>
      ${phase === "ready" ? html`<span class="wide">${t("status.controls")}</span>` : nothing}
      ${site?.revision ? html`<span class="wide">${t("status.revision", { revision: String(site.revision) })}</span>` : nothing}
      <span class="wide">${t("app.rendered_by")}</span>`;
  }

  private turn(): void {
    const heading = this.twin.view?.eye.pose.heading_deg ?? 0;
    if (Math.abs(heading - this.heading_deg) < 0.5) return;
    this.heading_deg = heading;
    this.requestUpdate();
  }

  private measure(): void {
    const metresPerPixel = this.twin.view?.eye.metresPerPixel() ?? null;
    const metres = metresPerPixel === null ? null : round125(metresPerPixel * SCALE_PX);
    this.scale = metres === null || metresPerPixel === null ? null : { metres, px: Math.round(metres / metresPerPixel) };
    this.requestUpdate();
  }
}

/** The largest of 1, 2, 5 × 10ⁿ not above a length. */
function round125(metres: number): number {
  const power = 10 ** Math.floor(Math.log10(metres));
  return power * (metres / power >= 5 ? 5 : metres / power >= 2 ? 2 : 1);
}

function length(metres: number): string {
  return metres >= 1000 ? t("unit.kilometres", { value: metres / 1000 }) : t("unit.metres", { value: metres });
}

customElements.define("twin-console", TwinConsole);
