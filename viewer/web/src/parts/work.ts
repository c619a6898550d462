/** What is to be put right at a place: what rooms, people and posts say against one another, code by code. */

import { css, html, type TemplateResult } from "lit";

import { Ask, Pages } from "../ask";
import { readSpaceFindings, type FindingPage, type PlannerFinding } from "../planner";
import { address, type PlaceDocument } from "../registers";
import { number, t } from "../words";
import { findingLines } from "./finding";
import { look } from "./look";
import { Part } from "./part";
import { following, sheet } from "./sheet";

const PAGE = 50;

export class TwinWork extends Part {
  static override styles = [look, sheet, css`:host { display: block; padding-bottom: 8px; }`];
  static override properties = { ...Part.properties, place: { attribute: false }, code: { state: true } };
  declare place: PlaceDocument | null;
  declare code: string | null;
  private readonly findings = new Pages<PlannerFinding>(this);
  private readonly counts = new Ask<FindingPage>(this);

  constructor() {
    super();
    this.code = null;
  }

  override render(): TemplateResult {
    const place = this.place?.id;
    if (place === undefined) return html`<p class="quiet">${t("work.no_place")}</p>`;
    const list = this.findings.of(address("/occupancy/findings", { place, code: this.code, limit: PAGE }), async (from) => {
      const page = await readSpaceFindings(from);
      return { entries: page.findings, next: page.next, matched: page.numberMatched, exact: true };
    });
    const all = this.counts.of(String(place), () => readSpaceFindings(address("/occupancy/findings", { place, limit: 1 })));
    const counts = all.status === "ready" ? Object.entries(all.value.counts) : [];
    return html`<div class="filters" role="group" aria-label=${t("work.by_code")}>
        ${counts.map(([code, count]) => html`<button title=${code} aria-pressed=${code === this.code ? "true" : "false"} @click=${() => (this.code = code === this.code ? null : code)}>${this.twin.desk.meaning(code)} ${number(count)}</button>`)}
      </div>
      <ul class="rows">${list.entries.map((finding) => html`<li>${this.finding(finding)}</li>`)}</ul>
      ${following(list, () => void this.findings.more())}`;
  }

  private finding(finding: PlannerFinding): TemplateResult {
    const { kind, key } = finding;
    return findingLines(this.twin, finding, key === null ? t("office.hidden_person") : html`<button class="link" @click=${() => this.twin.desk.showRecord({ kind, key })}>${key}</button>`);
  }
}

customElements.define("twin-work", TwinWork);
