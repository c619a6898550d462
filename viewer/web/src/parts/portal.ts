/** Where one begins: who asks and for which units, what there is, and what waits for a decision. */

import { css, html, nothing, type TemplateResult } from "lit";

import { Ask, Pages } from "../ask";
import { address, readInventory, readRecords, readRequests, type RequestDocument } from "../registers";
import { either, number, t } from "../words";
import { handled } from "./decision";
import { look } from "./look";
import { Part } from "./part";
import { requestLine } from "./request_line";
import { amount, answered, following, sheet } from "./sheet";

const COUNTED = ["unit", "building", "room", "person", "vehicle"] as const;
const PAGE = 20;
const PERSONAL = new Set(["person"]);

interface Counts { kinds: [name: string, count: number, exact: boolean][]; assets: number; value: string }

export class TwinPortal extends Part {
  static override styles = [
    look,
    sheet,
    css`
      :host { display: flex; flex-direction: column; min-height: 0; }
      header { padding: 14px 16px 12px; border-bottom: 1px solid var(--line); display: flex; gap: 8px; align-items: flex-start; }
      header div { flex: 1; display: grid; gap: 2px; }
      .body { overflow: auto; padding: 4px 16px 20px; flex: 1; }
      section { padding: 12px 0 0; }
      .lists { display: flex; flex-wrap: wrap; gap: 8px; margin-top: 8px; }
    `,
  ];
  private readonly counts = new Ask<Counts>(this);
  private readonly requests = new Pages<RequestDocument>(this);

  override render(): TemplateResult | typeof nothing {
    const { desk } = this.twin;
    const { session } = desk;
    if (!session) return nothing;
    const units = session.units.includes("*") ? t("portal.all_units") : session.units.join(t("list.separator"));
    return html`<header>
        <div><h2>${t("portal.title")}</h2><span>${session.name} · ${either(session.role_name)}</span><span class="small">${t("portal.units", { units })}</span></div>
        ${session.ends ? html`<button class="sign-out" @click=${() => void desk.signOut()}>${t("portal.sign_out")}</button>` : nothing}
        <button class="plain" aria-label=${t("action.close")} title=${t("action.close")} @click=${() => desk.close()}>✕</button>
      </header>
      <div class="body" tabindex="0" role="region" aria-label=${t("portal.title")}>
        <section>
          <h3>${t("portal.counts")}</h3>
          ${answered(this.counts.of(`${[...desk.kinds.keys()]}`, () => this.count()), () => this.counts.forget(), (counts) => this.sums(counts))}
        </section>
        <section>
          <h3>${t("portal.lists")}</h3>
          <div class="lists">
            <button @click=${() => desk.showList("stocktakes")}>${t("stocktakes.title")}</button>
            <button @click=${() => desk.showList("differences")}>${t("differences.title")}</button>
            <button @click=${() => desk.showList("worklist")}>${t("worklist.title")}</button>
            <button @click=${() => desk.showList("moves")}>${t("moves.title")}</button>
            ${desk.seesLedgers ? html`<button @click=${() => desk.showList("imports")}>${t("imports.title")}</button>` : nothing}
          </div>
        </section>
        <section>
          <h3>${t("portal.requests")}</h3>
          ${this.open()}
        </section>
      </div>`;
  }

  private async count(): Promise<Counts> {
    const { desk } = this.twin;
    const kinds = COUNTED.filter((name) => desk.kinds.has(name) && (!PERSONAL.has(name) || desk.may("read_person")));
    const [inventory, ...pages] = await Promise.all([readInventory({}), ...kinds.map((name) => readRecords(desk.kinds.get(name)?.href ?? "", { limit: 1 }))]);
    return {
      kinds: kinds.map((name, at) => [name, pages[at]?.numberMatched ?? 0, pages[at]?.numberMatchedIs !== "at_least"]),
      assets: inventory.total.count,
      value: amount(inventory.total),
    };
  }

  private sums({ kinds, assets, value }: Counts): TemplateResult {
    const named = (name: string): string => either(this.twin.desk.kinds.get(name) ?? { zh: name, en: name });
    return html`<div class="sums">
      ${kinds.map(([name, count, exact]) => html`<div><b>${exact ? number(count) : t("list.at_least", { count })}</b><span class="small">${named(name)}</span></div>`)}
      <div class="wide"><b>${number(assets)}</b><span class="small">${named("asset")}</span>${value ? html`<span class="small">${value}</span>` : nothing}</div>
    </div>`;
  }

  private open(): TemplateResult {
    const list = this.requests.of(address("/requests", { open: "true", limit: PAGE }), async (from) => {
      const page = await readRequests(from);
      return { entries: page.requests, next: page.next, matched: null, exact: true };
    });
    return html`<ul class="rows">${list.entries.map((request) => html`<li>${requestLine(this.twin, request)}${handled(this.twin, request, () => this.requests.forget())}</li>`)}</ul>${following(list, () => void this.requests.more())}`;
  }
}

customElements.define("twin-portal", TwinPortal);
