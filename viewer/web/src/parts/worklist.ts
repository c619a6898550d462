/** The work list of the tie: what registers and model say against one another, lost or could not find, to be decided by hand. */

import { css, html, type TemplateResult } from "lit";

import { Ask, Pages } from "../ask";
import { address } from "../registers";
import { STATES, type State } from "../stock";
import { either, number, t } from "../words";
import { FAMILIES, readWork, readWorkKinds, type Family, type WorkItem, type WorkKinds } from "../work";
import { frame, framed } from "./list_frame";
import { look } from "./look";
import { Part } from "./part";
import { answered, following, sheet } from "./sheet";
import "./work_item";

const PAGE = 20;

export class TwinWorklist extends Part {
  static override styles = [look, sheet, frame, css`.rows > li { padding: 12px 0; }`];
  static override properties = { ...Part.properties, family: { attribute: false }, state: { state: true }, code: { state: true } };
  declare family: Family | null;
  declare state: State;
  declare code: string | null;
  private readonly kinds = new Ask<WorkKinds>(this);
  private readonly items = new Pages<WorkItem>(this);

  constructor() {
    super();
    this.state = "open";
    this.code = null;
  }

  override render(): TemplateResult {
    const { state } = this;
    const kinds = this.kinds.of(state, () => readWorkKinds(state));
    const body = answered(kinds, () => this.kinds.forget(), (known) => html`${this.choices(known)} ${this.list(known)}`);
    return framed(this.twin.desk, t("worklist.title"), t("worklist.note"), body);
  }

  private choices({ kinds, numberMatched }: WorkKinds): TemplateResult {
    const many = (family: Family): number => kinds.filter((kind) => kind.family.name === family).reduce((sum, { count }) => sum + count, 0);
    const words = (family: Family): string => either(kinds.find((kind) => kind.family.name === family)?.family ?? {});
    const codes = kinds.filter(({ count, family, code }) => (count > 0 || code === this.code) && (this.family === null || family.name === this.family));
    return html`<div class="filters" role="group" aria-label=${t("worklist.by_family")}>
        <button aria-pressed=${this.family === null ? "true" : "false"} @click=${() => this.choose(null)}>${t("worklist.all")} ${number(numberMatched)}</button>
        ${FAMILIES.filter((family) => many(family) > 0 || family === this.family).map((family) => html`<button aria-pressed=${family === this.family ? "true" : "false"} @click=${() => this.choose(family)}>${words(family)} ${number(many(family))}</button>`)}
      </div>
      <div class="choices">
        <select aria-label=${t("work.by_code")} @change=${(event: Event) => (this.code = (event.target as HTMLSelectElement).value || null)}>
          <option value="" ?selected=${this.code === null}>${t("worklist.every_code")}</option>
          ${codes.map((kind) => html`<option value=${kind.code} ?selected=${kind.code === this.code}>${either(kind)}${t("list.count", { count: kind.count })}</option>`)}
        </select>
        <select aria-label=${t("differences.by_state")} @change=${(event: Event) => (this.state = (event.target as HTMLSelectElement).value as State)}>
          ${STATES.map((state) => html`<option value=${state} ?selected=${state === this.state}>${t(`differences.${state}`)}</option>`)}
        </select>
      </div>`;
  }

  private choose(family: Family | null): void {
    this.code = null;
    this.twin.desk.refineList(family ? `worklist/${family}` : "worklist");
  }

  private list({ kinds }: WorkKinds): TemplateResult {
    const { code, family, state } = this;
    const matched = kinds.filter((kind) => (code === null || kind.code === code) && (family === null || kind.family.name === family)).reduce((sum, { count }) => sum + count, 0);
    const list = this.items.of(address("/work-items", { family, code, state, limit: PAGE }), async (from) => {
      const page = await readWork(from);
      return { entries: page.items, next: page.next, matched, exact: true };
    });
    return html`<ul class="rows">${list.entries.map((item) => html`<li><twin-work-item .twin=${this.twin} .item=${item} @done=${() => this.renew()}></twin-work-item></li>`)}</ul>
      ${following(list, () => void this.items.more())}`;
  }

  private renew(): void {
    this.kinds.refresh();
    this.items.forget();
  }
}

customElements.define("twin-worklist", TwinWorklist);
