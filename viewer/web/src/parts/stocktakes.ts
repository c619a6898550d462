/** The stock-takes there are, the newest first. */

import { html, nothing, type TemplateResult } from "lit";

import { Ask } from "../ask";
import { listStockTakes, type StockTake } from "../stock";
import { moment, t } from "../words";
import { frame, framed } from "./list_frame";
import { look } from "./look";
import { Part } from "./part";
import { answered, sheet } from "./sheet";

export class TwinStockTakes extends Part {
  static override styles = [look, sheet, frame];
  private readonly takes = new Ask<{ stocktakes: StockTake[] }>(this);

  override render(): TemplateResult {
    const state = this.takes.of("stocktakes", listStockTakes);
    const body = answered(state, () => this.takes.forget(), ({ stocktakes }) =>
      stocktakes.length === 0 ? html`<p class="quiet">${t("list.empty")}</p>` : html`<ul class="rows">${stocktakes.map((take) => html`<li>${this.take(take)}</li>`)}</ul>`,
    );
    return framed(this.twin.desk, t("stocktakes.title"), nothing, body);
  }

  private take(take: StockTake): TemplateResult {
    return html`<div class="line">
        <button class="link" @click=${() => this.twin.desk.showList(`stocktakes/${take.id}`)}>${take.name}</button>
        <span class="chip ${take.state === "open" ? "warn" : "good"}">${t(`stocktakes.${take.state}`)}</span>
      </div>
      <span class="small">${take.places.map(({ name }) => name).join(t("list.separator"))}</span>
      <span class="small">${since(take)}</span>`;
  }
}

/** Who opened it and when, and who closed it. */
export function since({ opened_by, opened_at, closed_by, closed_at }: StockTake): string {
  const begun = t("stocktakes.begun", { who: opened_by, time: moment(opened_at) });
  return closed_at === null ? begun : [begun, t("stocktakes.ended", { who: closed_by ?? "", time: moment(closed_at) })].join(" · ");
}

customElements.define("twin-stocktakes", TwinStockTakes);
