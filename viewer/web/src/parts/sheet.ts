/** What the registers' parts share: lists, chips, tabs, answers on their way, and how a value is written. */

import { css, html, nothing, type TemplateResult } from "lit";

import type { List, Loaded } from "../ask";
import { TONES, type Verdict } from "../planner";
import type { Sum } from "../registers";
import type { Json } from "../service";
import { either, fixed, number, t, valueName } from "../words";
import { told } from "./failure";

export const sheet = css`
  .chip { display: inline-block; border-radius: 5px; padding: 0 7px; font-size: 12px; line-height: 20px; white-space: nowrap; background: var(--wash); color: var(--ink); }
  .chip.bad { background: #b42318; color: #fff; }
  .chip.warn { background: #fde68a; color: #5f3b00; }
  .chip.cool { background: #cfe3fb; color: #153e75; }
  .chip.good { background: #d8f0dc; color: #0d4a2f; }
  [role="tablist"] { display: flex; flex-wrap: wrap; gap: 0 2px; border-bottom: 1px solid var(--line); padding: 0 10px; flex: none; }
  [role="tab"] { border: none; background: none; border-radius: 0; padding: 8px 8px 6px; white-space: nowrap; color: var(--quiet); border-bottom: 2px solid transparent; }
  [role="tab"][aria-selected="true"] { color: var(--accent-strong); font-weight: 600; border-bottom-color: var(--accent); }
  [role="tab"]:focus-visible { outline-offset: -2px; }
  .rows { list-style: none; margin: 8px 0 0; padding: 0; }
  .rows > li { border-bottom: 1px solid var(--line); padding: 7px 0; display: grid; gap: 2px; }
  .rows > li:last-child { border-bottom: none; }
  .line { display: flex; gap: 8px; align-items: baseline; min-width: 0; }
  .line > :first-child { flex: 1; min-width: 0; }
  .line .number { white-space: nowrap; }
  .number { font-variant-numeric: tabular-nums; }
  .small { font-size: 12.5px; color: var(--quiet); overflow-wrap: anywhere; }
  button.link { border: none; background: none; padding: 0; color: var(--accent-strong); text-align: left; overflow-wrap: anywhere; border-radius: 3px; }
  button.link:hover { text-decoration: underline; background: none; }
  .state { padding: 14px 0; display: grid; gap: 8px; justify-items: start; }
  .filters { display: flex; flex-wrap: wrap; gap: 6px; margin: 10px 0 0; }
  .filters button { padding: 1px 9px; font-size: 13px; border-radius: 12px; }
  .filters button[aria-pressed="true"] { background: var(--accent-wash); border-color: var(--accent); color: var(--accent-strong); font-weight: 600; }
  input, select, textarea { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--line-strong); border-radius: 7px; padding: 4px 8px; min-width: 0; }
  textarea { width: 100%; resize: vertical; min-height: 62px; }
  .sums { display: grid; grid-template-columns: repeat(auto-fit, minmax(76px, 1fr)); gap: 8px; margin: 12px 0 0; }
  .sums > div { background: var(--wash); border-radius: 8px; padding: 7px 9px; display: grid; align-content: start; }
  .sums .wide { grid-column: span 2; }
  .sums b { font-size: 16px; line-height: 1.3; font-variant-numeric: tabular-nums; }
  .sums .small { font-size: 12px; }
  table { border-collapse: collapse; width: 100%; margin-top: 8px; font-variant-numeric: tabular-nums; }
  caption { text-align: left; font-size: 12px; font-weight: 600; color: var(--quiet); padding-bottom: 2px; }
  th { text-align: left; font-weight: 400; color: var(--quiet); font-size: 12.5px; }
  td, th { padding: 3px 0 3px 8px; vertical-align: baseline; }
  td:first-child, th:first-child { padding-left: 0; overflow-wrap: anywhere; }
  .right { text-align: right; white-space: nowrap; }
  tbody tr + tr > * { border-top: 1px solid var(--line); }
  tfoot td, tfoot th { border-top: 1.5px solid var(--line-strong); font-weight: 600; color: var(--ink); }
  meter { width: 54px; height: 8px; }
`;

/** The answer, or that it is on its way, or why there is none and a way to ask again. */
export function answered<Answer>(state: Loaded<Answer>, again: () => void, show: (answer: Answer) => unknown): unknown {
  if (state.status === "loading") return html`<div class="state quiet" role="status">${t("panel.loading")}</div>`;
  if (state.status === "ready") return show(state.value);
  return html`<div class="state" role="alert">
    ${told(state.why)}
    ${state.why.key === "failure.forbidden" ? nothing : html`<button @click=${again}>${t("action.retry")}</button>`}
  </div>`;
}

/** Under a list that comes in pages: how many of how many are here, and how to go on. */
export function following<Entry>(list: List<Entry>, more: () => void): TemplateResult | typeof nothing {
  if (list.why) {
    return html`<div class="state" role="alert">${told(list.why)}${list.why.key === "failure.forbidden" ? nothing : html`<button @click=${more}>${t("action.retry")}</button>`}</div>`;
  }
  if (list.coming) return html`<div class="state quiet" role="status">${t("panel.loading")}</div>`;
  if (list.entries.length === 0) return html`<p class="quiet">${t("list.empty")}</p>`;
  if (list.next === null) return nothing;
  const counts = { shown: list.entries.length, all: list.matched ?? 0 };
  const said = list.matched === null ? t("list.shown", counts) : t(list.exact ? "list.shown_of" : "list.shown_of_at_least", counts);
  return html`<div class="state"><span class="small">${said}</span><button class="more" @click=${more}>${t("list.more")}</button></div>`;
}

/** A list of tabs that the arrow keys walk. */
export function tabs<Name extends string>(label: string, choices: readonly { name: Name; label: string }[], chosen: Name, choose: (name: Name) => void): TemplateResult {
  const walk = (event: KeyboardEvent): void => {
    const steps: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1 };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const at = choices.findIndex(({ name }) => name === chosen);
    const next = choices[(at + step + choices.length) % choices.length];
    const list = event.currentTarget as HTMLElement;
    if (!next) return;
    choose(next.name);
    setTimeout(() => list.querySelector<HTMLElement>(`[data-tab="${next.name}"]`)?.focus());
  };
  return html`<div role="tablist" aria-label=${label} @keydown=${walk}>
    ${choices.map(
      (choice) =>
        html`<button role="tab" data-tab=${choice.name} aria-selected=${choice.name === chosen ? "true" : "false"} tabindex=${choice.name === chosen ? 0 : -1} @click=${() => choose(choice.name)}>${choice.label}</button>`,
    )}
  </div>`;
}

export function verdictChip(verdict: Verdict): TemplateResult {
  return html`<span class="chip ${TONES[verdict]}">${t(`verdict.${verdict}`)}</span>`;
}

export function amount({ value_words: words }: Sum): string {
  return words ? either(words) : "";
}

export function area(value: number | null | undefined): string {
  return value === null || value === undefined ? t("value.unknown") : t("unit.square_metres", { value: number(value, 2) });
}

/** A value of a record in a line. */
export function written(value: Json, words: { zh: string; en: string } | null = null, unit: string | null = null): string {
  if (words) return either(words);
  if (value === null || value === "") return t("value.none");
  if (typeof value === "boolean") return t(value ? "value.yes" : "value.no");
  if (typeof value === "number" && unit === "fen") return t("unit.yuan", { value: fixed(value / 100, 2) });
  if (typeof value !== "number" && typeof value !== "string") return JSON.stringify(value);
  // A year is a name among numbers: without thousands, without a unit.
  if (unit === "year") return String(value);
  const said = typeof value === "number" ? number(value) : value;
  return unit ? `${said} ${valueName(`unit_${unit}`) ?? unit}` : said;
}
