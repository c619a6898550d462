/** A chart of bars as plain SVG; a table beside it says the same in numbers. */

import { html, svg, type TemplateResult } from "lit";

import { number, t } from "../words";

export interface Bar { label: string; value: number | null }

const SIZE = { width: 360, height: 150, left: 48, bottom: 18, top: 10 };
const LABELS = 6;
const GAP = 0.2;
const MISSING_PX = 12;

/** One bar each; a value that is missing is drawn as an empty frame, never as nothing used. */
export function bars(values: readonly Bar[], label: string): TemplateResult {
  const most = Math.max(...values.map(({ value }) => value ?? 0), 0) || 1;
  const step = (SIZE.width - SIZE.left) / Math.max(values.length, 1);
  const floor = SIZE.height - SIZE.bottom;
  const every = Math.ceil(values.length / LABELS);
  return html`<svg viewBox="0 0 ${SIZE.width} ${SIZE.height}" role="img" aria-label=${label}>
    ${[0, 0.5, 1].map((share) => {
      const y = floor - share * (floor - SIZE.top);
      return svg`<line x1=${SIZE.left} x2=${SIZE.width} y1=${y} y2=${y} /><text x=${SIZE.left - 4} y=${y + 3} text-anchor="end">${number(share * most, 0)}</text>`;
    })}
    ${values.map(({ label: name, value }, at) => {
      const height = value === null ? MISSING_PX : (Math.max(value, 0) / most) * (floor - SIZE.top);
      const x = SIZE.left + at * step;
      const said = value === null ? t("energy.missing") : number(value);
      return svg`<rect class=${value === null ? "missing" : ""} x=${x + (step * GAP) / 2} y=${floor - height} width=${step * (1 - GAP)} height=${height}><title>${name}: ${said}</title></rect>
        ${at % every === 0 ? svg`<text x=${x + step / 2} y=${SIZE.height - 5} text-anchor="middle">${name}</text>` : null}`;
    })}
  </svg>`;
}
