/** The contents: site → building → storey → room, an ARIA tree that the arrow keys walk. */

import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";

import { buildingTitle, fixed, t, title } from "../words";
import { look } from "./look";
import { Part } from "./part";

const TYPING_PAUSE_MS = 800;

interface Row {
  id: string;
  kind: "site" | "building" | "storey" | "space" | "note";
  level: number;
  text: string;
  note: string;
  open: boolean | null;
  parent: string | null;
  position: number;
  siblings: number;
}

export class TwinTree extends Part {
  static override styles = [
    look,
    css`
      :host { display: block; overflow: auto; padding: 6px 6px 16px; }
      [role="tree"] { outline: none; }
      [role="treeitem"] { display: flex; align-items: center; gap: 4px; min-height: 30px; padding: 2px 8px 2px 2px; border-radius: 6px; cursor: pointer; }
      [role="treeitem"]:hover { background: var(--wash); }
      [role="treeitem"][aria-selected="true"] { background: var(--accent-wash); color: var(--accent-strong); font-weight: 600; }
      [role="treeitem"]:focus-visible { outline-offset: -2px; }
      .cut .name::after { content: ""; display: inline-block; width: 7px; height: 7px; border-radius: 50%; background: var(--warm); margin-left: 7px; vertical-align: 1px; }
      .level-2 { padding-left: 12px; }
      .level-3 { padding-left: 28px; }
      .level-4 { padding-left: 46px; }
      .level-1 { font-weight: 650; }
      .twist { flex: none; width: 20px; height: 20px; display: grid; place-items: center; color: var(--quiet); }
      .twist svg { width: 9px; height: 9px; transition: transform 0.12s; }
      @media (prefers-reduced-motion: reduce) { .twist svg { transition: none; } }
      [aria-expanded="true"] > .twist svg { transform: rotate(90deg); }
      .name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; flex: 1; }
      .count { color: var(--quiet); font-size: 12px; font-weight: 400; white-space: nowrap; }
      .remark { padding: 4px 8px 4px 66px; color: var(--quiet); font-size: 13px; }
    `,
  ];

  static override properties = { ...Part.properties, folded: { attribute: false } };
  /** Not shown at the moment: nothing is drawn, what was open stays open. */
  declare folded: boolean;
  private readonly opened = new Set<string>();
  private at: string | null = null;
  private revealed: string | null = null;
  private typed = "";
  private typedAt = Number.NEGATIVE_INFINITY;

  override willUpdate(_: PropertyValues): void {
    const { site, storey, details } = this.twin;
    if (site && this.revealed === null) this.opened.add(siteRow(site.code));
    const feature = details.status === "ready" ? details.feature : null;
    const shown = feature?.id ?? storey;
    if (!site || !shown || shown === this.revealed) return;
    this.revealed = shown;
    const inside = storey ? this.twin.findStorey(storey) : null;
    if (inside) this.opened.add(inside.building.id).add(inside.storey.id);
    if (feature) for (const step of feature.path) if (step.id !== feature.id && step.kind !== "space") this.open(step.id);
  }

  override render(): TemplateResult | typeof nothing {
    if (!this.twin.tree || this.folded) return nothing;
    const rows = this.rows();
    const walkable = rows.filter(({ kind }) => kind !== "note");
    const focus = walkable.some(({ id }) => id === this.at) ? this.at : (walkable.find(({ id }) => id === this.marked)?.id ?? walkable[0]?.id);
    return html`<div role="tree" aria-label=${t("tree.label")} @keydown=${(event: KeyboardEvent) => this.walk(event, walkable, focus ?? "")}>
      ${rows.map((row) => (row.kind === "note" ? html`<div class="remark" role="none">${row.text}</div>` : this.item(row, row.id === focus)))}
    </div>`;
  }

  private item(row: Row, focus: boolean): TemplateResult {
    const cut = row.id === this.twin.storey;
    return html`<div
      role="treeitem"
      class="level-${row.level} ${cut ? "cut" : ""}"
      data-id=${row.id}
      data-kind=${row.kind}
      aria-level=${row.level}
      aria-posinset=${row.position}
      aria-setsize=${row.siblings}
      aria-selected=${row.id === this.marked ? "true" : "false"}
      aria-expanded=${row.open === null ? nothing : row.open ? "true" : "false"}
      tabindex=${focus ? 0 : -1}
      @focus=${() => (this.at = row.id)}
      @click=${() => this.visit(row)}
    >
      <span class="twist" @click=${(event: Event) => this.twist(event, row)}>
        ${row.open === null ? nothing : html`<svg viewBox="0 0 10 10" aria-hidden="true"><path d="M2 0l7 5-7 5z" fill="currentColor" /></svg>`}
      </span>
      <span class="name" title=${row.text}>${row.text}</span>
      <span class="count">${row.note}</span>
    </div>`;
  }

  private get marked(): string | null {
    return this.twin.selected ?? this.twin.storey;
  }

  private rows(): Row[] {
    const { tree, rooms } = this.twin;
    if (!tree) return [];
    const root = siteRow(tree.site.code);
    const rows: Row[] = [row(root, "site", 1, tree.site.name, "", this.opened.has(root), null, 1, 1)];
    if (!this.opened.has(root)) return rows;
    tree.buildings.forEach((building, at, all) => {
      const open = building.storeys.length ? this.opened.has(building.id) : null;
      rows.push(row(building.id, "building", 2, buildingTitle(building), building.centre === null ? t("tree.unplaced") : t("tree.storeys", { count: building.storeys.length }), open, root, at + 1, all.length));
      if (!open) return;
      [...building.storeys].reverse().forEach((storey, position, storeys) => {
        const unfolded = this.opened.has(storey.id);
        rows.push(row(storey.id, "storey", 3, title(storey.name, storey.long_name), t("tree.rooms", { count: storey.rooms }), unfolded, building.id, position + 1, storeys.length));
        if (!unfolded) return;
        const known = rooms.get(storey.id);
        if (known?.status !== "ready") {
          const words = storey.rooms === 0 ? t("tree.no_rooms") : known?.status === "failed" ? t("tree.failed") : t("tree.loading");
          rows.push(row(`${storey.id}#note`, "note", 4, words, "", null, storey.id, 1, 1));
          if (!known && storey.rooms > 0) void this.twin.readRooms(storey.id);
          return;
        }
        if (known.rooms.length === 0) rows.push(row(`${storey.id}#note`, "note", 4, t("tree.no_rooms"), "", null, storey.id, 1, 1));
        known.rooms.forEach((room, place, list) => {
          const area = room.area_m2 === null ? "" : t("unit.square_metres", { value: fixed(room.area_m2, 1) });
          rows.push(row(room.id, "space", 4, title(room.name, room.long_name), area, null, storey.id, place + 1, list.length));
        });
      });
    });
    return rows;
  }

  private visit(row: Row): void {
    this.at = row.id;
    if (row.kind !== "space") this.open(row.id);
    void this.twin.visit(row.id, row.kind, row.kind === "space" ? row.parent : null);
  }

  private open(id: string): void {
    this.opened.add(id);
    if (this.twin.findStorey(id)?.storey.rooms) void this.twin.readRooms(id);
    this.requestUpdate();
  }

  private twist(event: Event, row: Row): void {
    if (row.open === null) return;
    event.stopPropagation();
    if (row.open) this.opened.delete(row.id);
    else this.open(row.id);
    this.requestUpdate();
  }

  private walk(event: KeyboardEvent, rows: Row[], focus: string): void {
    const index = rows.findIndex(({ id }) => id === focus);
    const here = rows[index];
    if (!here) return;
    const goals: Record<string, () => Row | undefined> = {
      ArrowDown: () => rows[index + 1],
      ArrowUp: () => rows[index - 1],
      Home: () => rows[0],
      End: () => rows.at(-1),
      ArrowRight: () => (here.open === false ? (this.open(here.id), here) : here.open ? rows[index + 1] : here),
      ArrowLeft: () => (here.open ? (this.opened.delete(here.id), here) : rows.find(({ id }) => id === here.parent)),
      Enter: () => (this.visit(here), here),
      " ": () => (this.visit(here), here),
    };
    const goal = goals[event.key] ?? this.spelled(event, rows, index);
    if (!goal) return;
    event.preventDefault();
    const next = goal();
    if (!next) return;
    this.at = next.id;
    this.requestUpdate();
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>(`[data-id="${CSS.escape(next.id)}"]`)?.focus());
  }

  /** Typing “309” goes to the next row that begins so. */
  private spelled(event: KeyboardEvent, rows: Row[], index: number): (() => Row | undefined) | undefined {
    if (event.key.length !== 1 || event.ctrlKey || event.metaKey || event.altKey) return undefined;
    this.typed = event.timeStamp - this.typedAt < TYPING_PAUSE_MS ? this.typed + event.key : event.key;
    this.typedAt = event.timeStamp;
    const from = this.typed.length > 1 ? index : index + 1;
    return () => [...rows.slice(from), ...rows.slice(0, from)].find(({ text }) => text.toLowerCase().startsWith(this.typed.toLowerCase()));
  }
}

function siteRow(code: string): string {
  return `site ${code}`;
}

function row(
  id: string,
  kind: Row["kind"],
  level: number,
  text: string,
  note: string,
  open: boolean | null,
  parent: string | null,
  position: number,
  siblings: number,
): Row {
  return { id, kind, level, text, note, open, parent, position, siblings };
}

customElements.define("twin-tree", TwinTree);
