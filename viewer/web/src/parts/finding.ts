/** A finding in the language that is spoken, with the sentence beneath it that the checks wrote. */

import { html, type TemplateResult } from "lit";

import type { Twin } from "../twin";

export function findingLines(twin: Twin, { code, message }: { code: string; message: string }, beside: unknown = ""): TemplateResult {
  return html`<div class="line"><span title=${code}>${twin.desk.meaning(code)}</span>${beside}</div>
    <span class="small" lang="en">${message}</span>`;
}
