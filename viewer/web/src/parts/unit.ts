/** A unit's own sheets: its area against its posts, and its people and vehicles. */

import { css, html, nothing, type TemplateResult } from "lit";

import { Ask, Pages, type List } from "../ask";
import { readEntitlement, type Entitlement } from "../planner";
import { address, readRecords, type RecordDocument } from "../registers";
import { either, number, t } from "../words";
import { findingLines } from "./finding";
import { look } from "./look";
import { Part } from "./part";
import { answered, area, following, sheet } from "./sheet";

const PAGE = 50;
const VERDICT_TONES = { over: "bad", within: "good", limit_unknown: "" } as const;

export class TwinUnit extends Part {
  static override styles = [
    look,
    sheet,
    css`
      :host { display: block; padding-bottom: 8px; }
      h3 { margin-top: 16px; }
      .said { margin: 10px 0 0; }
    `,
  ];
  static override properties = { ...Part.properties, unit: { attribute: false }, about: { attribute: false } };
  declare unit: string;
  declare about: "entitlement" | "people";
  private readonly entitlement = new Ask<Entitlement>(this);
  private readonly people = new Pages<RecordDocument>(this);
  private readonly vehicles = new Pages<RecordDocument>(this);

  override render(): unknown {
    const { unit } = this;
    if (this.about === "entitlement") return answered(this.entitlement.of(unit, () => readEntitlement(unit)), () => this.entitlement.forget(), (document) => this.approved(document));
    return html`${this.records("person", this.people, ["post"], "rank")} ${this.records("vehicle", this.vehicles, ["brand", "model"], "state")}`;
  }

  private approved(document: Entitlement): TemplateResult {
    const { excess_m2: excess, below } = document;
    return html`<div class="sums">
        <div><b>${area(document.approved_m2)}</b><span class="small">${t("unit_space.approved")}</span></div>
        <div><b>${area(document.held_m2)}</b><span class="small">${t("unit_space.held")}</span></div>
        <div><b>${area(excess)}</b><span class="small">${t("unit_space.excess")}</span></div>
      </div>
      <p class="said"><span class="chip ${VERDICT_TONES[document.verdict]}">${t(`unit_space.${document.verdict}`)}</span> ${either(document)}</p>
      <table>
        <caption>${t("unit_space.posts")}</caption>
        <thead><tr><th>${t("unit_space.rank")}</th><th class="right">${t("unit_space.post_count")}</th><th class="right">${t("unit_space.people")}</th><th class="right">${t("unit_space.limit")}</th><th class="right">${t("unit_space.area")}</th></tr></thead>
        <tbody>
          ${document.posts.map(
            (line) => html`<tr title=${line.rule ?? nothing}>
              <td>${line.rank ? either(line.rank) : t("value.unknown")}</td><td class="right">${number(line.posts)}</td><td class="right">${number(line.people)}</td>
              <td class="right">${line.limit_m2 === null ? t("value.unknown") : number(line.limit_m2)}</td><td class="right">${area(line.area_m2)}</td>
            </tr>`,
          )}
        </tbody>
      </table>
      <table>
        <caption>${t("unit_space.uses")}</caption>
        <thead><tr><th>${t("unit_space.use")}</th><th class="right">${t("office.rooms")}</th><th class="right">${t("unit_space.approved")}</th><th class="right">${t("unit_space.held")}</th></tr></thead>
        <tbody>
          ${document.uses.map(
            (line) => html`<tr>
              <td>${line.use ? either(line.use) : t("value.unknown")}${line.counted ? nothing : html` <span class="small">${t("unit_space.not_counted")}</span>`}</td>
              <td class="right">${number(line.rooms)}</td><td class="right">${line.approved_m2 === null ? "—" : area(line.approved_m2)}</td><td class="right">${area(line.held_m2)}</td>
            </tr>`,
          )}
        </tbody>
      </table>
      <table>
        <caption>${t("unit_space.allocation")}</caption>
        <tbody>
          ${(["allocated", "used", "allocated_used_by_others", "used_not_allocated"] as const).map(
            (name) => html`<tr><td>${t(`unit_space.${name}`)}</td><td class="right">${t("tree.rooms", { count: document[name].rooms })}</td><td class="right">${area(document[name].area_m2)}</td></tr>`,
          )}
        </tbody>
      </table>
      ${document.findings.length === 0 ? nothing : html`<h3>${t("dossier.findings")}</h3><ul class="rows">${document.findings.map((finding) => html`<li>${findingLines(this.twin, finding)}</li>`)}</ul>`}
      ${below.length === 0 ? nothing : html`<h3>${t("unit_space.below")}</h3><ul class="rows">${below.map(({ key, name }) => html`<li><button class="link" @click=${() => key && this.twin.desk.showRecord({ kind: "unit", key })}>${name}</button></li>`)}</ul>`}`;
  }

  private records(kind: string, pages: Pages<RecordDocument>, plain: readonly string[], coded: string): TemplateResult | typeof nothing {
    const { desk } = this.twin;
    const known = desk.kinds.get(kind);
    if (!known) return nothing;
    if (kind === "person" && !desk.may("read_person")) return html`<h3>${either(known)}</h3><p class="quiet">${t("unit_space.people_hidden")}</p>`;
    const list: List<RecordDocument> = pages.of(address(known.href, { unit: this.unit, limit: PAGE }), async (from) => {
      const page = await readRecords(from, {});
      return { entries: page.records, next: page.next, matched: page.numberMatched, exact: page.numberMatchedIs !== "at_least" };
    });
    return html`<h3>${either(known)}${list.matched === null ? "" : t("list.count", { count: list.matched })}</h3>
      <ul class="rows">
        ${list.entries.map(({ key, values, words, place }) => {
          const title = values["name"] ?? values["plate"] ?? key;
          const facts = [...plain.map((name) => values[name]), place?.path.slice(2).map(({ name }) => name).join(" › ")].filter(Boolean).join(" · ");
          return html`<li>
            <div class="line"><button class="link" @click=${() => desk.showRecord({ kind, key })}>${title}</button>${words[coded] ? html`<span class="chip">${either(words[coded])}</span>` : nothing}</div>
            <span class="small">${facts}</span>
          </li>`;
        })}
      </ul>
      ${following(list, () => void pages.more())}`;
  }
}

customElements.define("twin-unit", TwinUnit);
