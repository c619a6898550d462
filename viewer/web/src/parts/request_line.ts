/** A request in two lines: what is asked of which record, by whom, and how it stands. */

import { html, nothing, type TemplateResult } from "lit";

import { evidenceOf, type RequestDocument } from "../registers";
import type { Twin } from "../twin";
import { either, moment, t, valueName } from "../words";
import { written } from "./sheet";

export function requestLine(twin: Twin, request: RequestDocument): TemplateResult {
  const { payload } = request;
  const record = payload["record"];
  const named = typeof record === "object" && record !== null && !Array.isArray(record) ? { kind: String(record["kind"]), key: String(record["key"]) } : null;
  const what = t("request.title", { number: request.id, kind: kindWord(request.kind) });
  return html`<div class="line">
      ${named ? html`<button class="link" @click=${() => twin.desk.showRecord(named)}>${what} · ${named.key}</button>` : html`<span>${what}</span>`}
      <span class="chip ${request.closed_at === null ? "warn" : "good"}">${stateWord(request.state)}</span>
    </div>
    ${payload["field"] === undefined ? nothing : html`<div>${columnWord(twin, named?.kind, String(payload["field"]))}<span class="quiet">:</span> <s class="quiet">${written(payload["was"] ?? null)}</s> → ${written(payload["value"] ?? null)}</div>`}
    ${payload["evidence"] ? html`<div class="small">${t("request.evidence", { text: written(payload["evidence"]) })}</div>` : nothing}
    ${evidenceOf(request).map((file) => html`<div class="small"><a href="/requests/${request.id}/evidence/${file.sha256}" download=${file.name}>${file.name}</a> · ${file.who}</div>`)}
    <div class="small">${request.applicant} · ${moment(request.opened_at)}</div>`;
}

export function stateWord(state: string): string {
  return valueName(`request_${state}`) ?? state;
}

export function kindWord(kind: string): string {
  return valueName(`request_kind_${kind}`) ?? kind;
}

export function columnWord(twin: Twin, kind: string | undefined, name: string): string {
  const column = twin.desk.kinds.get(kind ?? "")?.columns.find((one) => one.name === name);
  return column ? either(column) : name;
}
