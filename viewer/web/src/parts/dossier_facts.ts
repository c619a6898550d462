/** The sections of a dossier: each value with where it came from, why the thing is where it is, and what is doubted. */

import { html, nothing, type TemplateResult } from "lit";

import type { Dossier, FieldDocument, NamedRecord, PlaceStep, Source } from "../registers";
import type { Twin } from "../twin";
import { day, either, fixed, moment, t, valueName } from "../words";
import { findingLines } from "./finding";
import { written } from "./sheet";
import { tie } from "./tie";

/** Each value; unfolded, its file and line, its method, who, since when, and a way to correct it. */
export function heldFields(twin: Twin, dossier: Dossier, correct: (field: FieldDocument) => void, correctable: boolean): TemplateResult {
  const doubted = new Set(dossier.findings.map(({ field }) => field));
  return html`<section>
    <h3>${t("dossier.values")}</h3>
    <div class="fields">
      ${dossier.fields.map(
        (field) => html`<div class="field" data-field=${field.name}><details>
          <summary>
            <span class="name">${either(field)}</span>
            <span class="held ${field.value === null ? "quiet" : ""}"
              >${held(field)} ${field.corrected ? html`<span class="chip good">${t("dossier.corrected")}</span>` : nothing}
              ${doubted.has(field.name) ? html`<span class="chip warn">${t("dossier.doubted")}</span>` : nothing}</span
            >
          </summary>
          <div class="origin">
            ${origin(field)}
            ${correctable ? html`<div><button @click=${() => correct(field)}>${t("correction.propose")}</button></div>` : nothing}
          </div>
        </details>${field.record ? recordLink(twin, field.record, written(field.value, field.words, field.unit)) : nothing}</div>`,
      )}
    </div>
    ${dossier.withheld.length > 0 ? html`<p class="small">${t("dossier.withheld", { count: dossier.withheld.length })}</p>` : nothing}
  </section>`;
}

/** What is written there; under a link to the record it names it only keeps its room, for a link within a summary is none for all. */
function held({ value, words, unit, record }: FieldDocument): unknown {
  const text = written(value, words, unit);
  return record ? html`<span class="under">${text}</span>` : text;
}

function recordLink(twin: Twin, record: NamedRecord, text: string): TemplateResult {
  return html`<button class="link" title=${record.title} @click=${() => twin.desk.showRecord(record)}>${text}</button>`;
}

export function origin({ source, method, who, valid_from, recorded_at }: Pick<FieldDocument, "source" | "method" | "who" | "valid_from" | "recorded_at">): TemplateResult {
  return html`<div>${source ? sourceLine(source) : t("dossier.no_source")}</div>
    <div class="quiet">
      ${[method ? (valueName(`method_${method}`) ?? method) : null, who, valid_from ? t("dossier.valid_from", { day: day(valid_from) }) : null, recorded_at ? t("dossier.recorded_at", { time: moment(recorded_at) }) : null].filter(Boolean).join(" · ")}
    </div>`;
}

export function sourceLine({ file, line, revision, sha256, said }: Source): TemplateResult {
  if (!file) return html`${said ?? t("dossier.no_source")}`;
  return html`<span title=${sha256 ?? nothing}>${file}${line === null || line === undefined ? "" : t("dossier.line", { line: String(line) })} · <code>${revision}</code></span>`;
}

/** The way to where it is, and by what it was put there. */
export function whyHere(twin: Twin, dossier: Dossier): TemplateResult {
  const { place, links } = dossier;
  const standing = links.find(({ until }) => until === null);
  return html`<section>
    <h3>${t("dossier.place")}</h3>
    ${place === null
      ? html`<p class="quiet">${t("dossier.no_place")}</p>`
      : html`<dl>
          <div><dt>${t("dossier.where")}</dt><dd>${way(twin, place.path)}</dd></div>
          ${place.method ? html`<div><dt>${t("dossier.why_here")}</dt><dd>${valueName(`place_${place.method}`) ?? place.method}</dd></div>` : nothing}
          ${place.site_xyz ? html`<div><dt>${t("dossier.spot")}</dt><dd class="number">${place.site_xyz.map((metres) => fixed(metres, 2)).join(" · ")}</dd></div>` : nothing}
          ${standing ? html`<div><dt>${t("dossier.tied_by")}</dt><dd>${tie(standing)}</dd></div>` : nothing}
        </dl>`}
  </section>`;
}

function way(twin: Twin, path: PlaceStep[]): unknown {
  return path.filter(({ kind }) => kind !== "everything").map(({ name, record }, at) => html`${at ? " › " : ""}${record ? recordLink(twin, record, name) : name}`);
}

/** What ties it to the scene, also what once did. */
export function links({ links }: Dossier): TemplateResult | typeof nothing {
  if (links.length === 0) return nothing;
  return html`<section>
    <h3>${t("dossier.links")}</h3>
    <ul class="rows">
      ${links.map(
        (link) => html`<li>
          <code>${link.feature_id}</code><span class="small">${tie(link)}</span>
          <span class="small">${link.who} · ${moment(link.since)}${link.until ? html` – ${moment(link.until)}` : nothing}</span>
        </li>`,
      )}
    </ul>
  </section>`;
}

export function findings(twin: Twin, { findings }: Dossier): TemplateResult | typeof nothing {
  if (findings.length === 0) return nothing;
  return html`<section>
    <h3>${t("dossier.findings")}</h3>
    <ul class="rows">
      ${findings.map(
        (finding) => html`<li>
          ${findingLines(twin, finding, html`<span class="chip warn">${valueName(`severity_${finding.severity}`) ?? finding.severity}</span>`)}
          <span class="small">${sourceLine(finding.source)}</span>
        </li>`,
      )}
    </ul>
  </section>`;
}

/** What the ledger says beyond the columns that are known. */
export function otherColumns({ extra }: Dossier): TemplateResult | typeof nothing {
  const known = Object.entries(extra);
  if (known.length === 0) return nothing;
  return html`<section>
    <h3>${t("dossier.extra")}</h3>
    <dl>${known.map(([name, value]) => html`<div><dt>${name}</dt><dd>${written(value)}</dd></div>`)}</dl>
  </section>`;
}
