/** A button with a small list of switches under it. */

import { css, html, LitElement, type TemplateResult } from "lit";

import { look } from "./look";

export interface Choice { name: string; label: string; on: boolean }

export class TwinMenu extends LitElement {
  static override properties = { label: { attribute: false }, choices: { attribute: false }, unfolded: { state: true } };
  static override styles = [
    look,
    css`
      :host { position: relative; display: inline-block; }
      .list { position: absolute; top: calc(100% + 6px); right: 0; z-index: 5; background: var(--paper); border: 1px solid var(--line); border-radius: 9px; box-shadow: var(--shadow); padding: 6px; min-width: 150px; }
      label { display: flex; gap: 8px; align-items: center; padding: 5px 8px; border-radius: 6px; cursor: pointer; white-space: nowrap; }
      label:hover { background: var(--wash); }
      input { accent-color: var(--accent); width: 15px; height: 15px; margin: 0; }
    `,
  ];
  declare label: string;
  declare choices: Choice[];
  declare unfolded: boolean;
  private readonly outside = (event: Event): void => {
    if (!event.composedPath().includes(this)) this.unfolded = false;
  };

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("pointerdown", this.outside);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener("pointerdown", this.outside);
  }

  override render(): TemplateResult {
    return html`<button aria-expanded=${this.unfolded ? "true" : "false"} @click=${() => (this.unfolded = !this.unfolded)} @keydown=${this.close}>${this.label}</button>
      <div class="list" role="group" aria-label=${this.label} ?hidden=${!this.unfolded} @keydown=${this.close}>
        ${this.choices.map(
          ({ name, label, on }) => html`<label><input type="checkbox" name=${name} .checked=${on} @change=${(event: Event) => this.choose(name, event)} />${label}</label>`,
        )}
      </div>`;
  }

  private close(event: KeyboardEvent): void {
    if (event.key !== "Escape" || !this.unfolded) return;
    event.preventDefault();
    this.unfolded = false;
    this.renderRoot.querySelector("button")?.focus();
  }

  private choose(name: string, event: Event): void {
    this.dispatchEvent(new CustomEvent("choose", { detail: { name, on: (event.target as HTMLInputElement).checked } }));
  }
}

customElements.define("twin-menu", TwinMenu);
