/** What went wrong: words for whoever works here, and folded beneath them what the service said exactly, for whoever mends it. */

import { html, nothing, type TemplateResult } from "lit";

import type { Failure } from "../service";
import { t } from "../words";

export function told(why: Failure): TemplateResult {
  return html`<span>${why.words}</span>${why.exact ? html`<details class="exact"><summary>${t("failure.exact")}</summary><code lang="en">${why.exact}</code></details>` : nothing}`;
}

/** Beneath a form: why what was sent was declined. */
export function wrong(why: Failure | null | undefined): TemplateResult | typeof nothing {
  return why ? html`<div class="wrong" role="alert">${told(why)}</div>` : nothing;
}
