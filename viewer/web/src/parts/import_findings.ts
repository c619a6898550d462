/** One import: its counts, what was wrong by code, the rows put aside with their reason, and what the file no longer has. */

import { css, html, nothing, type TemplateResult } from "lit";

import { Ask, Pages } from "../ask";
import { address } from "../registers";
import { moment, number, t, valueName } from "../words";
import { readFindings, readVanished, type FindingsPage, type ImportDocument, type ImportFinding } from "../work";
import { findingLines } from "./finding";
import { kindOf } from "./imports";
import { frame, framed } from "./list_frame";
import { look } from "./look";
import { Part } from "./part";
import { columnWord } from "./request_line";
import { answered, following, sheet, written } from "./sheet";

const PAGE = 50;
const COUNTS = ["rows", "new", "changed", "unchanged", "quarantined"] as const;
/** In the place of a code: all rows put aside, or what the file no longer has. */
const ASIDE = "quarantined";
const VANISHED = "vanished";

export class TwinImport extends Part {
  static override styles = [
    look,
    sheet,
    frame,
    css`
      .cells { display: grid; grid-template-columns: minmax(72px, auto) 1fr; gap: 1px 10px; margin: 4px 0 0; font-size: 13px; max-height: 220px; overflow: auto; background: var(--wash); border-radius: 7px; padding: 6px 10px; }
      .cells dt { color: var(--quiet); }
      .cells dd { margin: 0; overflow-wrap: anywhere; }
      details summary { cursor: pointer; }
      .row { min-width: 5em; }
    `,
  ];
  static override properties = { ...Part.properties, batch: { attribute: false }, code: { attribute: false } };
  declare batch: number;
  /** Only findings of this code, `quarantined` or `vanished`; null: all. */
  declare code: string | null;
  private readonly whole = new Ask<FindingsPage>(this);
  private readonly findings = new Pages<ImportFinding>(this);
  private readonly gone = new Pages<{ kind: string; key: string | null }>(this);

  private get path(): string {
    return `/imports/${this.batch}`;
  }

  override render(): TemplateResult {
    const { desk } = this.twin;
    const state = this.whole.of(this.path, () => readFindings(address(`${this.path}/findings`, { limit: 1 })));
    const body = answered(state, () => this.whole.forget(), ({ import: one }) => html`${this.sums(one)} ${this.filters(one)} ${this.code === VANISHED ? this.vanished(one) : this.list(one)}`);
    if (state.status !== "ready") return framed(desk, t("imports.title"), nothing, body);
    const one = state.value.import;
    return framed(desk, `${kindOf(this.twin, one)} · ${one.file}`, html`${t("imports.recorded", { who: one.who, time: moment(one.recorded_at) })} · <code>${one.revision}</code>`, body);
  }

  private sums({ counts, notes }: ImportDocument): TemplateResult {
    return html`<div class="sums">${COUNTS.map((name) => html`<div><b>${number(counts[name])}</b><span class="small">${t(`imports.${name}`)}</span></div>`)}</div>
      ${notes.length === 0 ? nothing : html`<ul class="rows" aria-label=${t("imports.notes")}>${notes.map((note) => html`<li>${findingLines(this.twin, note)}</li>`)}</ul>`}`;
  }

  private filters({ counts, issues }: ImportDocument): TemplateResult {
    const codes = Object.entries(issues).sort(([, a], [, b]) => b - a);
    const choice = (code: string, word: string, count: number): TemplateResult =>
      html`<button title=${code} aria-pressed=${code === this.code ? "true" : "false"} @click=${() => this.choose(code)}>${word} ${number(count)}</button>`;
    return html`<div class="filters" role="group" aria-label=${t("work.by_code")}>
      ${counts.quarantined > 0 ? choice(ASIDE, t("imports.quarantined"), counts.quarantined) : nothing}
      ${codes.map(([code, count]) => choice(code, this.twin.desk.meaning(code), count))}
      ${counts.vanished > 0 ? choice(VANISHED, t("imports.vanished"), counts.vanished) : nothing}
    </div>`;
  }

  private choose(code: string): void {
    this.twin.desk.refineList(`import/${this.batch}${code === this.code ? "" : `/${code}`}`);
  }

  private list({ counts, issues }: ImportDocument): TemplateResult {
    const aside = this.code === ASIDE;
    const first = address(`${this.path}/findings`, { code: aside ? null : this.code, put_aside: aside ? "true" : null, limit: PAGE });
    const matched = aside ? counts.quarantined : this.code !== null ? (issues[this.code] ?? null) : Object.values(issues).reduce((sum, count) => sum + count, 0);
    const list = this.findings.of(first, async (from) => {
      const page = await readFindings(from);
      return { entries: page.findings, next: page.next, matched, exact: true };
    });
    return html`<ul class="rows">${list.entries.map((one) => html`<li>${this.finding(one)}</li>`)}</ul>
      ${following(list, () => void this.findings.more())}`;
  }

  private finding(one: ImportFinding): TemplateResult {
    const { record, column, value } = one;
    return html`<div class="line">
        <span title=${one.code}>${this.twin.desk.meaning(one.code)}</span>
        <span class="chip ${one.put_aside ? "bad" : "warn"}">${one.put_aside ? t("imports.put_aside") : (valueName(`severity_${one.severity}`) ?? one.severity)}</span>
      </div>
      <div>
        <span class="number row">${one.line === null ? t("imports.whole_file") : t("imports.line", { line: String(one.line) })}</span>
        ${record?.key ? html` · <button class="link" @click=${() => record.key && this.twin.desk.showRecord({ kind: record.kind, key: record.key })}>${record.key}</button>` : nothing}
        ${column ? html` · ${columnWord(this.twin, record?.kind, column)}` : nothing}
        ${value === null || value === "" ? nothing : html`<span class="quiet">:</span> <b>${written(value)}</b>`}
      </div>
      <span class="small" lang="en">${one.message}</span>
      ${one.cells === null ? nothing : html`<details><summary class="small">${t("imports.as_written")}</summary>${cells(one.cells)}</details>`}`;
  }

  private vanished({ counts }: ImportDocument): TemplateResult {
    const list = this.gone.of(address(`${this.path}/vanished`, { limit: PAGE }), async (from) => {
      const page = await readVanished(from);
      return { entries: page.records, next: page.next, matched: counts.vanished, exact: true };
    });
    return html`<p class="small">${t("imports.vanished_note")}</p>
      <ul class="rows">${list.entries.map(({ kind, key }) => html`<li>${key === null ? t("value.none") : html`<button class="link" @click=${() => this.twin.desk.showRecord({ kind, key })}>${key}</button>`}</li>`)}</ul>
      ${following(list, () => void this.gone.more())}`;
  }
}

/** A row as it stood in the file. */
function cells(found: NonNullable<ImportFinding["cells"]>): TemplateResult {
  const entries = Array.isArray(found) ? found.map((value, at) => [t("imports.cell", { number: at + 1 }), value] as const) : Object.entries(found);
  return html`<dl class="cells" tabindex="0">${entries.filter(([, value]) => value !== null && value !== "").map(([name, value]) => html`<dt>${name}</dt><dd>${written(value)}</dd>`)}</dl>`;
}

customElements.define("twin-import", TwinImport);
