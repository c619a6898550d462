/** The history of a record as a line of time: every change of a value, the newest first. */

import { html, nothing, type TemplateResult } from "lit";

import type { ChangeDocument, Dossier, FieldDocument } from "../registers";
import type { Json } from "../service";
import { day, either, moment, t, valueName } from "../words";
import { sourceLine } from "./dossier_facts";
import { written } from "./sheet";

export function timeline(dossier: Dossier, goTo: (day: string) => void): TemplateResult {
  const first = dossier.fields.find(({ recorded_at }) => recorded_at !== null);
  const changes = [...dossier.changes].sort((a, b) => (b.valid_from ?? "").localeCompare(a.valid_from ?? "") || b.change - a.change);
  return html`<ol class="time" reversed>
    ${changes.map((change) => entry(change, dossier, goTo))}
    ${first
      ? html`<li>
          <b>${t("history.first")}</b>
          <span class="small">${first.source ? sourceLine(first.source) : nothing}</span>
          ${changes.length === 0 ? html`<span class="small">${t("history.unchanged")}</span>` : nothing}
        </li>`
      : nothing}
  </ol>`;
}

function entry(change: ChangeDocument, dossier: Dossier, goTo: (day: string) => void): TemplateResult {
  const field = dossier.fields.find(({ name }) => name === change.field);
  const later = change.valid_from !== null && change.valid_from > dossier.as_of;
  return html`<li class=${later ? "later" : ""}>
    <div class="line">
      <b>${field ? either(field) : (valueName(`change_${change.field}`) ?? change.field)}</b>
      ${change.valid_from === null ? nothing : html`<button class="link small" @click=${() => change.valid_from && goTo(change.valid_from)}>${day(change.valid_from)}</button>`}
    </div>
    <div><s class="quiet">${inWords(change.old, field)}</s> → <ins>${inWords(change.new, field)}</ins></div>
    ${change.reverts === null ? nothing : html`<span class="chip cool">${t("history.reverts")}</span>`}
    ${change.reverted_by === null ? nothing : html`<span class="chip warn">${t("history.reverted")}</span>`}
    <span class="small">${valueName(`method_${change.method}`) ?? change.method} · ${change.who} · ${t("dossier.recorded_at", { time: moment(change.recorded_at) })}</span>
    <span class="small">${sourceLine(change.source)}</span>
  </li>`;
}

function inWords(value: Json, field: FieldDocument | undefined): string {
  const words = field && value === field.value ? field.words : null;
  return written(value, words, field?.unit ?? null);
}
