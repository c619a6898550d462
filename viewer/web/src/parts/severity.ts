/** How bad an incident is: a shape with a number in it and a word, never colour alone. */

import { css, html, svg, type TemplateResult } from "lit";

import type { Severity } from "../live/incidents";
import { t } from "../words";

const SHAPES: Record<Severity, TemplateResult> = {
  5: svg`<path d="M7 1h10l6 6v10l-6 6H7l-6-6V7z" />`,
  4: svg`<path d="M12 1 23.5 22H.5z" />`,
  3: svg`<path d="M12 0 24 12 12 24 0 12z" />`,
  2: svg`<path d="M2 2h20v20H2z" />`,
  1: svg`<circle cx="12" cy="12" r="11" />`,
};

export const severities = css`
  .severity { display: inline-flex; gap: 6px; align-items: center; white-space: nowrap; font-weight: 600; font-size: 12.5px; }
  .severity svg { width: 22px; height: 22px; flex: none; }
  .severity text { fill: #fff; font: 700 12px var(--font); text-anchor: middle; }
  .s5 { color: #a11212; } .s4 { color: #b54708; } .s3 { color: #8a5a00; } .s2 { color: #1d4f91; } .s1 { color: #4b5763; }
`;

export function severitySign(severity: Severity): TemplateResult {
  const known = (Math.min(Math.max(Math.round(severity), 1), 5) || 1) as Severity;
  return html`<span class="severity s${known}"><svg viewBox="0 0 24 24" aria-hidden="true"><g fill="currentColor">${SHAPES[known]}</g><text x="12" y=${known === 4 ? 19 : 16.5}>${known}</text></svg>${t(`severity.${known}`)}</span>`;
}
