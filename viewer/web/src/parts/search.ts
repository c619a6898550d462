/** The search box: a few records of each kind while one types; the arrow keys walk them, Enter opens one. */

import { css, html, nothing, type TemplateResult } from "lit";

import { outcome, type Loaded } from "../ask";
import { search, type Found, type RecordKindName, type SearchAnswer } from "../registers";
import { either, t } from "../words";
import { look } from "./look";
import { Part } from "./part";

const PAUSE_MS = 180;
const OF_EACH = 5;
const OF_ONE = 20;

interface Option { kind: RecordKindName; found: Found }

export class TwinSearch extends Part {
  static override styles = [
    look,
    css`
      :host { position: relative; flex: 0 1 360px; min-width: 70px; }
      input { width: 100%; font: inherit; color: inherit; padding: 4px 12px; border: 1px solid var(--line-strong); border-radius: 16px; background: var(--paper); }
      .list { position: absolute; top: calc(100% + 6px); left: 0; z-index: 6; width: max(100%, 340px); max-height: min(70vh, 560px); overflow: auto; background: var(--paper); border: 1px solid var(--line); border-radius: 9px; box-shadow: var(--shadow); padding: 6px; }
      .head { display: flex; padding: 6px 8px 2px; font-size: 12px; font-weight: 600; color: var(--quiet); }
      .head .more { margin-left: auto; font-weight: 400; }
      [role="option"] { padding: 4px 8px; border-radius: 6px; cursor: pointer; display: grid; }
      [role="option"]:hover { background: var(--wash); }
      [role="option"][aria-selected="true"] { background: var(--accent-wash); color: var(--accent-strong); }
      .where { font-size: 12px; color: var(--quiet); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
      p { margin: 0; padding: 8px; color: var(--quiet); }
    `,
  ];
  static override properties = { ...Part.properties, open: { state: true }, at: { state: true }, answer: { state: true } };
  declare open: boolean;
  declare at: number;
  declare answer: Loaded<SearchAnswer> | null;
  private q = "";
  private timer = 0;
  private readonly outside = (event: Event): void => {
    if (!event.composedPath().includes(this)) this.open = false;
  };

  constructor() {
    super();
    this.open = false;
    this.at = -1;
    this.answer = null;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("pointerdown", this.outside);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener("pointerdown", this.outside);
  }

  override render(): TemplateResult {
    const shown = this.open && this.answer !== null;
    return html`<input
        type="search"
        role="combobox"
        aria-label=${t("search.label")}
        placeholder=${t("search.hint")}
        aria-expanded=${shown ? "true" : "false"}
        aria-controls="found"
        aria-autocomplete="list"
        aria-activedescendant=${shown && this.at >= 0 ? `option-${this.at}` : nothing}
        autocomplete="off"
        @input=${(event: Event) => this.type((event.target as HTMLInputElement).value)}
        @focus=${() => (this.open = true)}
        @blur=${() => (this.open = false)}
        @keydown=${(event: KeyboardEvent) => this.walk(event)}
      />
      <div class="list" id="found" role="listbox" aria-label=${t("search.found")} ?hidden=${!shown} @mousedown=${(event: Event) => event.preventDefault()}>${shown ? this.found() : nothing}</div>`;
  }

  private found(): unknown {
    const { answer } = this;
    if (answer === null || answer.status === "loading") return html`<p role="status">${t("panel.loading")}</p>`;
    if (answer.status === "failed") return html`<p role="alert">${answer.why.words}</p>`;
    if (answer.value.groups.length === 0) return html`<p role="status">${t("search.nothing", { q: answer.value.q })}</p>`;
    let place = -1;
    return answer.value.groups.map(
      (group) => html`<div role="group" aria-label=${either(group)}>
        <div class="head" role="presentation">${either(group)}${group.more ? html`<span class="more">${t("search.more", { count: group.records.length })}</span>` : nothing}</div>
        ${group.records.map((found) => {
          place += 1;
          const here = place;
          return html`<div role="option" id="option-${here}" aria-selected=${here === this.at ? "true" : "false"} @click=${() => this.choose({ kind: group.kind, found })}>
            <span>${found.title}</span><span class="where">${where(found)}</span>
          </div>`;
        })}
      </div>`,
    );
  }

  private get options(): Option[] {
    return this.answer?.status === "ready" ? this.answer.value.groups.flatMap(({ kind, records }) => records.map((found) => ({ kind, found }))) : [];
  }

  private type(text: string): void {
    this.q = text.trim();
    this.open = true;
    clearTimeout(this.timer);
    this.answer = this.q ? { status: "loading" } : null;
    this.at = -1;
    if (!this.q) return;
    this.timer = window.setTimeout(() => void this.ask(OF_EACH), PAUSE_MS);
  }

  private async ask(limit: number): Promise<void> {
    const { q } = this;
    const answer = await outcome(() => search(q, limit));
    if (q !== this.q) return;
    this.answer = answer;
    this.at = -1;
    if (limit === OF_EACH && answer.status === "ready" && answer.value.groups.length === 1 && answer.value.groups[0]?.more) await this.ask(OF_ONE);
  }

  private walk(event: KeyboardEvent): void {
    const { options } = this;
    const moves: Record<string, () => void> = {
      ArrowDown: () => this.move((this.at + 1) % Math.max(options.length, 1)),
      ArrowUp: () => this.move((this.at - 1 + options.length) % Math.max(options.length, 1)),
      Enter: () => {
        const option = options[Math.max(this.at, 0)];
        if (option) this.choose(option);
      },
      Escape: () => (this.open = false),
    };
    const move = moves[event.key];
    if (!move || event.isComposing || (event.key === "Escape" && !this.open)) return;
    event.preventDefault();
    move();
  }

  private move(at: number): void {
    this.open = true;
    this.at = at;
    void this.updateComplete.then(() => this.renderRoot.querySelector(`#option-${at}`)?.scrollIntoView({ block: "nearest" }));
  }

  private choose({ kind, found }: Option): void {
    this.open = false;
    this.twin.desk.showRecord({ kind, key: found.key });
  }
}

/** The key, and where it is: “屏山大院 › 综合办公楼 › 2F”. */
function where({ key, title, place, matched }: Found): string {
  const path = (place?.path ?? []).filter(({ kind }) => kind !== "everything").map(({ name }) => name);
  const other = Object.values(matched).find((text) => text !== title && text !== key);
  return [title === key ? null : key, typeof other === "string" ? other : null, path.length > 0 ? path.join(" › ") : null].filter(Boolean).join(" · ");
}

customElements.define("twin-search", TwinSearch);
