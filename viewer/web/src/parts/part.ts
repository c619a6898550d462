/** A piece of the page that is drawn anew when the twin changes. */

import { LitElement } from "lit";

import type { Twin } from "../twin";

export class Part extends LitElement {
  static override properties = { twin: { attribute: false } };
  declare twin: Twin;
  private readonly onChange = (): void => this.requestUpdate();
  private heard: Twin | null = null;

  override updated(): void {
    if (this.heard === this.twin) return;
    this.heard?.removeEventListener("change", this.onChange);
    this.twin.addEventListener("change", this.onChange);
    this.heard = this.twin;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.heard?.removeEventListener("change", this.onChange);
    this.heard = null;
  }
}
