/** The panel on the right: what the selected thing is, what is known of it, and where that came from. */

import { css, html, nothing, type TemplateResult } from "lit";

import type { FeatureDocument, Json, Kind } from "../service";
import { className, either, fixed, moment, number, t, title, valueName, type Key } from "../words";
import type { Tab } from "../desk";
import { groups, rows, twoFacts } from "./facts";
import { told } from "./failure";
import { answered, sheet, tabs } from "./sheet";
import "./inventory";
import "./office";
import "./work";
import { look } from "./look";
import { Part } from "./part";

const SHORT_HASH = 12;
const PLACES = new Set<Kind>(["building", "storey", "space"]);
const TABS = ["facts", "office", "assets", "work"] as const satisfies readonly Tab[];
const COUNTED = ["storey", "space", "element"] as const;

export class TwinPanel extends Part {
  static override styles = [
    look,
    sheet,
    css`
      :host { display: flex; flex-direction: column; min-height: 0; background: var(--paper); }
      header { padding: 14px 16px 12px; border-bottom: 1px solid var(--line); display: grid; gap: 7px; }
      .top { display: flex; gap: 8px; align-items: flex-start; }
      .top h2 { flex: 1; overflow-wrap: anywhere; }
      .top button { margin: -3px -8px 0 0; }
      .what { display: flex; flex-wrap: wrap; gap: 4px 8px; align-items: baseline; }
      .badge { background: var(--accent-wash); color: var(--accent-strong); border-radius: 5px; padding: 1px 7px; font-size: 13px; font-weight: 600; }
      nav ol { display: flex; flex-wrap: wrap; padding: 0; margin: 0 -3px; list-style: none; font-size: 13px; }
      nav li + li::before { content: "›"; color: var(--quiet); margin: 0 1px; }
      nav button { border: none; background: none; padding: 2px 3px; color: var(--accent-strong); border-radius: 4px; text-align: left; }
      nav button:hover { text-decoration: underline; background: none; }
      .actions { display: flex; gap: 8px; flex-wrap: wrap; }
      .body { overflow: auto; padding: 2px 16px 20px; flex: 1; overscroll-behavior: contain; }
      section, .body details { padding: 12px 0; border-bottom: 1px solid var(--line); }
      .body > :last-child { border-bottom: none; }
      summary { cursor: pointer; list-style: none; display: flex; gap: 8px; align-items: baseline; }
      summary::after { content: "›"; margin-left: auto; color: var(--quiet); font-size: 20px; line-height: 0.8; transform: rotate(90deg); }
      details[open] > summary::after { transform: rotate(-90deg); }
      h4 { margin: 10px 0 2px; font-size: 13px; font-weight: 600; overflow-wrap: anywhere; }
      h4 code { font-weight: 400; }
      dl { margin: 5px 0 0; display: grid; gap: 4px; }
      dl > div { display: grid; grid-template-columns: minmax(84px, 34%) 1fr; gap: 10px; }
      dt { color: var(--quiet); overflow-wrap: anywhere; }
      dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
      dd dl { margin: 0; }
      p { margin: 6px 0 0; overflow-wrap: anywhere; }
      .set { margin: 6px 0 -2px; color: var(--quiet); }
      .entry { border-left: 2px solid var(--line); padding-left: 10px; margin-top: 8px; }
      .entry dl { margin: 0; }
      .copy { border: none; background: none; padding: 0 4px; font-size: 12px; color: var(--accent-strong); vertical-align: 1px; }
      footer { border-top: 1px solid var(--line); background: var(--wash); padding: 9px 16px; max-height: 55%; overflow: auto; flex: none; }
      footer summary { overflow-wrap: anywhere; }
      footer summary h3 { flex: none; }
      @media (max-height: 560px) {
        :host { overflow: auto; }
        .body { overflow: visible; flex: none; }
        footer { max-height: none; }
      }
      .records ul { list-style: none; margin: 4px 0 0; padding: 0; font-size: 13px; }
      .record { border: none; background: none; padding: 2px 0; color: var(--accent-strong); text-align: left; font-size: 14px; }
      .record:hover { text-decoration: underline; background: none; }
      .panel-state { padding: 24px 16px; display: grid; gap: 10px; justify-items: start; }
    `,
  ];

  private copied: string | null = null;

  override render(): TemplateResult | typeof nothing {
    const { details } = this.twin;
    if (details.status === "none") return nothing;
    if (details.status === "loading") return html`<div class="panel-state quiet" role="status">${t("panel.loading")}</div>`;
    if (details.status === "failed") {
      return html`<div class="panel-state" role="alert">
        <strong>${t("panel.failed")}</strong>${told(details.why)}
        <div class="actions">
          <button @click=${() => void this.twin.select(details.id)}>${t("action.retry")}</button>
          <button @click=${() => void this.twin.select(null)}>${t("action.close")}</button>
        </div>
      </div>`;
    }
    const { feature } = details;
    const { desk } = this.twin;
    const tabbed = PLACES.has(feature.kind) && desk.reads;
    const chosen = tabbed ? desk.tab : "facts";
    return html`${this.head(feature)} ${tabbed ? tabs(t("panel.tabs"), TABS.map((name) => ({ name, label: t(`panel.tab_${name}`) })), chosen, (tab) => desk.choose(tab)) : nothing}
      ${chosen === "facts" ? this.plain(feature) : html`<div class="body" role="tabpanel" tabindex="0" aria-label=${t(`panel.tab_${chosen}`)}>${this.ofRegisters(chosen)}</div>`}`;
  }

  /** A sheet of the registers about the place that the feature is. */
  private ofRegisters(tab: Tab): unknown {
    const { twin } = this;
    const { known } = twin.desk;
    if (known === null) return nothing;
    return answered(known, () => void this.again(), ({ place }) => {
      if (place === null) return html`<p class="quiet">${t("panel.not_in_registers")}</p>`;
      if (tab === "office") return html`<twin-office .twin=${twin} .place=${place} .unit=${null}></twin-office>`;
      if (tab === "assets") return html`<twin-inventory .twin=${twin} .place=${place} .unit=${null}></twin-inventory>`;
      return html`<twin-work .twin=${twin} .place=${place}></twin-work>`;
    });
  }

  private async again(): Promise<void> {
    const { site, selected, desk } = this.twin;
    if (site) await desk.featureChanged(site.code, selected);
  }

  private records(): TemplateResult | typeof nothing {
    const { desk } = this.twin;
    if (desk.known?.status !== "ready" || desk.known.value.records.length === 0) return nothing;
    return html`<section class="records">
      <h3>${t("panel.records")}</h3>
      <ul>
        ${desk.known.value.records.map(({ kind, key, title: name, confidence, method }) => {
          const sure = confidence === null ? nothing : html`<span class="quiet">${[valueName(`link_${method}`) ?? method, t("dossier.confidence", { percent: Math.round(confidence * 100) })].filter(Boolean).join(" · ")}</span>`;
          return html`<li><button class="record" @click=${() => desk.showRecord({ kind, key }, { fly: false })}>${either(desk.kinds.get(kind) ?? { zh: kind, en: kind })} ${name}</button> ${sure}</li>`;
        })}
      </ul>
    </section>`;
  }

  private plain(feature: FeatureDocument): TemplateResult {
    return html`<div class="body" tabindex="0" role="region" aria-label=${t("app.details")}>
        ${this.records()} ${this.facts(feature)} ${twoFacts(feature.properties["measured"] ?? null, feature.properties["declared"] ?? null)} ${groups(feature.properties)}
      </div>
      ${this.source(feature)}`;
  }

  private head(feature: FeatureDocument): TemplateResult {
    const known = className(feature.class);
    const storey = feature.kind === "storey" ? feature.id : feature.storey;
    const opens = storey !== null && storey !== this.twin.storey && this.twin.opens(storey);
    return html`<header>
      <div class="top">
        <h2 id="title" aria-live="polite">${title(feature.name, feature.long_name)}</h2>
        <button class="plain" aria-label=${t("action.close")} title=${t("action.close")} @click=${() => void this.twin.select(null)}>✕</button>
      </div>
      <div class="what">
        <span class="badge">${known ?? t(`kind.${feature.kind}` satisfies Key)}</span>
        ${typeName(feature)} <code class="quiet">${feature.class}</code>
      </div>
      ${this.path(feature)}
      ${feature.centre || opens
        ? html`<div class="actions">
            ${feature.centre ? html`<button @click=${() => this.twin.flyTo(feature)}>${t("action.fly")}</button>` : nothing}
            ${opens ? html`<button @click=${() => void this.twin.openStorey(storey)}>${t("action.open_storey")}</button>` : nothing}
          </div>`
        : html`<p class="quiet">${t("panel.unplaced")}</p>`}
    </header>`;
  }

  private path(feature: FeatureDocument): TemplateResult {
    const steps = feature.path.filter(({ id, kind }) => id !== feature.id && PLACES.has(kind));
    return html`<nav aria-label=${t("panel.path")}>
      <ol>
        <li><button @click=${() => this.twin.home()}>${this.twin.site?.name ?? ""}</button></li>
        ${steps.map(
          (step) => html`<li>
            <button @click=${() => void this.twin.visit(step.id, step.kind, step.kind === "space" ? feature.storey : null)}>${title(step.name, step.long_name)}</button>
          </li>`,
        )}
      </ol>
    </nav>`;
  }

  private facts(feature: FeatureDocument): TemplateResult {
    const { centre, z_range } = feature;
    const counts = COUNTED.flatMap((kind) => {
      const count = feature.counts[kind];
      return count ? [[t(`panel.count_${kind}` satisfies Key), number(count)] as const] : [];
    });
    return html`<section>
      <h3>${t("panel.facts")}</h3>
      ${rows([
        ...counts,
        ...(z_range ? [[t("panel.z_range"), t("panel.range", { low: fixed(z_range[0], 2), high: fixed(z_range[1], 2) }), t("panel.z_range_hint")] as const] : []),
        ...(centre
          ? ([
              [t("panel.centre"), `${centre.lon.toFixed(6)}, ${centre.lat.toFixed(6)}`, t("panel.centre_hint")],
              [t("panel.height"), t("unit.metres", { value: fixed(centre.height_m, 2) }), t("panel.height_hint")],
            ] as const)
          : []),
        [t("panel.label"), valueName(feature.label) ?? feature.label],
      ])}
    </section>`;
  }

  /** Always in sight: the file, the entity's GlobalId and the revision; unfolded, all that is kept of them. */
  private source({ id, source, revision }: FeatureDocument): TemplateResult {
    return html`<footer>
      <details>
        <summary><h3>${t("panel.source")}</h3><span>${source.file} · ${t("panel.revision_number", { number: revision.number })}</span></summary>
        ${rows([
          [t("panel.revision"), html`<code>${revision.id}</code>`],
          [t("panel.imported_at"), html`<time datetime=${revision.imported_at}>${moment(revision.imported_at)}</time>`],
          [t("panel.who"), revision.who],
          [t("panel.tool"), revision.tool],
          ...(source.entity ? [[t("panel.entity"), html`<code>${source.entity}</code>`] as const] : []),
          [t("panel.sha256"), this.copyable(source.sha256, source.sha256.slice(0, SHORT_HASH))],
          [t("panel.id"), this.copyable(id, id)],
        ])}
      </details>
      ${source.global_id ? rows([[t("panel.global_id"), this.copyable(source.global_id, source.global_id)]]) : nothing}
    </footer>`;
  }

  private copyable(whole: string, shown: string): TemplateResult {
    return html`<code title=${whole}>${shown}</code
      ><button class="copy" aria-label=${t("action.copy_what", { what: shown })} @click=${() => void this.copy(whole)}>${this.copied === whole ? t("action.copied") : t("action.copy")}</button>`;
  }

  private async copy(text: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      return;
    }
    this.copied = text;
    this.requestUpdate();
  }
}

/** “办公桌 1600”: what the maker's type is called, where the file names one that the title does not say already. */
function typeName({ name, properties }: FeatureDocument): string {
  const type = (properties["type"] ?? null) as { [key: string]: Json } | null;
  const called = type?.["name"];
  return typeof called === "string" && called !== name ? called : "";
}

customElements.define("twin-panel", TwinPanel);
