/** Whom a gate let pass, in a line: the name that the registers have, else the plate or card; a record leads to its dossier. */

import { html, nothing, type TemplateResult } from "lit";

import type { Who } from "../live/gates";
import type { Subject } from "../live/passage";
import type { Twin } from "../twin";
import { t } from "../words";

export function whoLine(twin: Twin, subject: Subject, key: string, who: Who): TemplateResult {
  const name = who?.name ? html`${who.name} <span class="quiet number">${key}</span>` : html`<span class="number">${key}</span>`;
  const opens = who !== null && twin.desk.reads && twin.desk.kinds.has(who.kind);
  return html`<span>${opens ? html`<button class="link" @click=${() => twin.desk.showRecord({ kind: who.kind, key: who.key }, { fly: false })}>${name}</button>` : name}
    ${who?.kind === "visit" ? html`<span class="chip cool">${t("gate.visitor")}</span>` : who === null && twin.desk.reads ? html`<span class="chip ${subject === "vehicle" ? "warn" : ""}">${t("gate.not_registered")}</span>` : nothing}</span>`;
}

/** The name of a gate or door by its address, `gate/G-1`; of a place by its id, as far as the page knows it. */
export function deviceName(twin: Twin, address: string): string {
  return twin.live.posts.get(address)?.name ?? address.slice(address.indexOf("/") + 1);
}
