/** A piece of the page that is drawn anew when what is live changes, too. */

import type { Live } from "../live/live";
import { Part } from "./part";

export class LivePart extends Part {
  private readonly onLive = (): void => this.requestUpdate();
  private listened: Live | null = null;

  override updated(): void {
    super.updated();
    if (this.listened === this.twin.live) return;
    this.listened?.removeEventListener("change", this.onLive);
    this.twin.live.addEventListener("change", this.onLive);
    this.listened = this.twin.live;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.listened?.removeEventListener("change", this.onLive);
    this.listened = null;
  }
}
