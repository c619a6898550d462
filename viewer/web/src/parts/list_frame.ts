/** What the lists of the side panel share: a head with a way back, and a body that scrolls. */

import { css, html, nothing, type TemplateResult } from "lit";

import type { Desk } from "../desk";
import { t } from "../words";

export const frame = css`
  :host { display: flex; flex-direction: column; min-height: 0; }
  :host(:focus) { outline: none; }
  header { padding: 12px 16px 10px; border-bottom: 1px solid var(--line); display: grid; gap: 4px; }
  .top { display: flex; gap: 6px; align-items: flex-start; }
  .top h2 { flex: 1; overflow-wrap: anywhere; }
  .top button { margin: -3px -6px 0 0; }
  .body { overflow: auto; padding: 2px 16px 20px; flex: 1; overscroll-behavior: contain; }
  .choices { display: grid; grid-template-columns: 1fr auto; gap: 8px; margin-top: 10px; }
`;

export function framed(desk: Desk, title: string, note: unknown, body: unknown): TemplateResult {
  return html`<header>
      <div class="top">
        <button class="plain back" aria-label=${t("action.back")} title=${t("action.back")} @click=${() => desk.back()}>‹</button>
        <h2 aria-live="polite">${title}</h2>
        <button class="plain" aria-label=${t("action.close")} title=${t("action.close")} @click=${() => desk.close()}>✕</button>
      </div>
      ${note === nothing ? nothing : html`<span class="small">${note}</span>`}
    </header>
    <div class="body" tabindex="0" role="region" aria-label=${title}>${body}</div>`;
}
