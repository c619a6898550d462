/** The panel on the right: what the selected thing is, what is known of it, and where that came from. */

import { css, html, nothing, type TemplateResult } from "lit";

import type { FeatureDocument } from "../service";
import { className, moment, number, t, title, type Key } from "../words";
import { groups, rows, twoFacts } from "./facts";
import { look } from "./look";
import { Part } from "./part";

const SHORT_HASH = 12;

export class TwinPanel extends Part {
  static override styles = [
    look,
    css`
      :host { display: flex; flex-direction: column; min-height: 0; background: var(--paper); }
      header { padding: 14px 16px 12px; border-bottom: 1px solid var(--line); display: grid; gap: 6px; }
      .top { display: flex; gap: 8px; align-items: flex-start; }
      .top h2 { flex: 1; overflow-wrap: anywhere; }
      .what { display: flex; flex-wrap: wrap; gap: 4px 8px; align-items: baseline; }
      .badge { background: var(--accent-wash); color: var(--accent-strong); border-radius: 5px; padding: 1px 7px; font-size: 13px; font-weight: 600; }
      nav ol { display: flex; flex-wrap: wrap; gap: 0 2px; padding: 0; margin: 0; list-style: none; font-size: 13px; }
      nav li + li::before { content: "›"; color: var(--quiet); margin: 0 2px; }
      nav button { border: none; background: none; padding: 0 3px; color: var(--accent-strong); border-radius: 4px; text-align: left; }
      nav button:hover { text-decoration: underline; background: none; }
      .actions { display: flex; gap: 8px; flex-wrap: wrap; }
      .body { overflow: auto; padding: 4px 16px 24px; flex: 1; }
      section, details { padding: 12px 0; border-bottom: 1px solid var(--line); }
      section:last-child, details:last-child { border-bottom: none; }
      summary { cursor: pointer; }
      summary h3 { display: inline; }
      h4 { margin: 10px 0 2px; font-size: 13px; font-weight: 600; }
      dl { margin: 6px 0 0; display: grid; gap: 3px; }
      dl > div { display: grid; grid-template-columns: minmax(88px, 38%) 1fr; gap: 10px; }
      dt { color: var(--quiet); overflow-wrap: anywhere; }
      dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
      dd dl { margin: 0; }
      p { margin: 6px 0 0; overflow-wrap: anywhere; }
      .entry { border-left: 2px solid var(--line); padding-left: 8px; margin-top: 6px; }
      .hash { display: inline-flex; gap: 6px; align-items: center; flex-wrap: wrap; }
      .hash button { font-size: 12px; padding: 0 7px; }
      .state { padding: 24px 16px; display: grid; gap: 10px; justify-items: start; }
    `,
  ];

  private copied: string | null = null;

  override render(): TemplateResult | typeof nothing {
    const { details } = this.twin;
    if (details.status === "none") return nothing;
    if (details.status === "loading") return html`<div class="state quiet" role="status">${t("panel.loading")}</div>`;
    if (details.status === "failed") {
      return html`<div class="state" role="alert">
        <strong>${t("panel.failed")}</strong><span>${details.why}</span>
        <div class="actions">
          <button @click=${() => void this.twin.select(details.id)}>${t("action.retry")}</button>
          <button @click=${() => void this.twin.select(null)}>${t("action.close")}</button>
        </div>
      </div>`;
    }
    const { feature } = details;
    return html`${this.head(feature)}
      <div class="body" tabindex="0" role="region" aria-label=${t("app.details")}>
        ${this.facts(feature)} ${twoFacts(feature.properties["measured"] ?? null, feature.properties["declared"] ?? null)} ${groups(feature.properties)}
        ${this.source(feature)}
      </div>`;
  }

  private head(feature: FeatureDocument): TemplateResult {
    const known = className(feature.class);
    const storey = feature.kind === "storey" ? feature.id : feature.storey;
    return html`<header>
      <div class="top">
        <h2 id="title">${title(feature.name, feature.long_name)}</h2>
        <button class="plain" aria-label=${t("action.close")} title=${t("action.close")} @click=${() => void this.twin.select(null)}>✕</button>
      </div>
      <div class="what">
        <span class="badge">${known ?? t(`kind.${feature.kind}` satisfies Key)}</span><code class="quiet">${feature.class}</code>
      </div>
      ${feature.path.length > 1
        ? html`<nav aria-label=${t("panel.path")}>
            <ol>
              ${feature.path
                .filter(({ id }) => id !== feature.id)
                .map(
                  (step) => html`<li>
                    <button @click=${() => void this.twin.visit(step.id, step.kind, step.kind === "space" ? feature.storey : null)}>
                      ${title(step.name, step.long_name)}
                    </button>
                  </li>`,
                )}
            </ol>
          </nav>`
        : nothing}
      <div class="actions">
        ${feature.centre ? html`<button @click=${() => this.twin.flyTo(feature)}>${t("action.fly")}</button>` : nothing}
        ${storey && storey !== this.twin.storey
          ? html`<button @click=${() => void this.twin.openStorey(storey)}>${t("action.open_storey")}</button>`
          : nothing}
      </div>
    </header>`;
  }

  private facts(feature: FeatureDocument): TemplateResult {
    const range = feature.z_range;
    const { centre } = feature;
    return html`<section>
      <h3>${t("panel.facts")}</h3>
      ${rows([
        [t("panel.kind"), t(`kind.${feature.kind}` satisfies Key)],
        ...(range ? [[t("panel.height_range"), t("panel.range", { low: number(range[0], 2), high: number(range[1], 2) })] as const] : []),
        ...(centre ? [[t("panel.centre"), `${centre.lon.toFixed(6)}, ${centre.lat.toFixed(6)}, ${centre.height_m.toFixed(2)}`] as const] : []),
        [t("panel.label"), feature.label],
        [t("panel.id"), html`<code>${feature.id}</code>`],
      ])}
    </section>`;
  }

  private source({ source, revision }: FeatureDocument): TemplateResult {
    return html`<section>
      <h3>${t("panel.source")}</h3>
      ${rows([
        [t("panel.file"), source.file],
        [t("panel.sha256"), this.copyable(source.sha256, source.sha256.slice(0, SHORT_HASH))],
        ...(source.entity ? [[t("panel.entity"), html`<code>${source.entity}</code>`] as const] : []),
        ...(source.global_id ? [[t("panel.global_id"), this.copyable(source.global_id, source.global_id)] as const] : []),
        [t("panel.revision"), html`${t("panel.revision_number", { number: revision.number })} <code class="quiet">${revision.id}</code>`],
        [t("panel.imported_at"), html`<time datetime=${revision.imported_at}>${moment(revision.imported_at)}</time>`],
        [t("panel.who"), revision.who],
        [t("panel.tool"), revision.tool],
      ])}
    </section>`;
  }

  private copyable(whole: string, shown: string): TemplateResult {
    return html`<span class="hash"
      ><code title=${whole}>${shown}</code
      ><button @click=${() => void this.copy(whole)}>${this.copied === whole ? t("action.copied") : t("action.copy")}</button></span
    >`;
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

customElements.define("twin-panel", TwinPanel);
