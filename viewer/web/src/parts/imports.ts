/** The imports of ledgers, the newest first: what each brought, and how much of it is in doubt. */

import { css, html, nothing, type TemplateResult } from "lit";

import { Pages } from "../ask";
import { address } from "../registers";
import { day, either, moment, number, t } from "../words";
import { readImports, type ImportDocument } from "../work";
import { frame, framed } from "./list_frame";
import { look } from "./look";
import { Part } from "./part";
import { following, sheet } from "./sheet";

const PAGE = 50;
const COUNTS = ["rows", "new", "changed", "unchanged", "quarantined", "vanished"] as const;

export class TwinImports extends Part {
  static override styles = [look, sheet, frame, css`.choices { grid-template-columns: 1fr; } .chips { display: flex; flex-wrap: wrap; gap: 4px 6px; }`];
  static override properties = { ...Part.properties, kind: { attribute: false } };
  /** Only ledgers of this kind; null: all. */
  declare kind: string | null;
  private readonly imports = new Pages<ImportDocument>(this);

  override render(): TemplateResult {
    const { desk } = this.twin;
    const list = this.imports.of(address("/imports", { kind: this.kind, limit: PAGE }), async (from) => {
      const page = await readImports(from);
      return { entries: page.imports, next: page.next, matched: null, exact: true };
    });
    const body = html`<div class="choices">
        <select aria-label=${t("imports.by_kind")} @change=${(event: Event) => this.choose((event.target as HTMLSelectElement).value)}>
          <option value="" ?selected=${this.kind === null}>${t("imports.every_kind")}</option>
          ${[...desk.kinds.values()].map((kind) => html`<option value=${kind.name} ?selected=${kind.name === this.kind}>${either(kind)}</option>`)}
        </select>
      </div>
      <ul class="rows">${list.entries.map((one) => html`<li>${this.line(one)}</li>`)}</ul>
      ${following(list, () => void this.imports.more())}`;
    return framed(desk, t("imports.title"), t("imports.note"), body);
  }

  private choose(kind: string): void {
    this.twin.desk.refineList(kind ? `imports/${kind}` : "imports");
  }

  private line(one: ImportDocument): TemplateResult {
    const { desk } = this.twin;
    const doubts = Object.values(one.issues).reduce((sum, count) => sum + count, 0);
    return html`<div class="line">
        <button class="link" @click=${() => desk.showList(`import/${one.id}`)}>${kindOf(this.twin, one)} · ${one.file}</button>
        ${one.current ? nothing : html`<span class="chip">${t("imports.superseded")}</span>`}
      </div>
      <div class="chips">
        ${COUNTS.filter((name) => name === "rows" || one.counts[name] > 0).map((name) => html`<span class="chip ${tone(name)}">${t(`imports.${name}`)} ${number(one.counts[name])}</span>`)}
        ${doubts > 0 ? html`<span class="chip warn">${t("imports.findings", { count: doubts })}</span>` : html`<span class="chip good">${t("imports.no_findings")}</span>`}
      </div>
      <span class="small">${t("imports.by", { who: one.who, time: moment(one.recorded_at), day: day(one.as_of) })} · <code>${one.revision}</code></span>`;
  }
}

export function kindOf({ desk }: Part["twin"], { kind }: ImportDocument): string {
  return either(desk.kinds.get(kind) ?? { zh: kind, en: kind });
}

function tone(name: (typeof COUNTS)[number]): string {
  return name === "quarantined" ? "bad" : name === "vanished" ? "warn" : name === "new" || name === "changed" ? "cool" : "";
}

customElements.define("twin-imports", TwinImports);
