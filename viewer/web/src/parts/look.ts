/** What all parts share in looks: controls, focus, quiet text. */

import { css } from "lit";

export const look = css`
  :host { box-sizing: border-box; color: var(--ink); font: 14px/1.5 var(--font); }
  *, *::before, *::after { box-sizing: border-box; }
  button { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--line); border-radius: 7px; padding: 4px 11px; cursor: pointer; line-height: 1.45; }
  button:hover { background: var(--wash); border-color: var(--line-strong); }
  button.primary { background: var(--accent); border-color: var(--accent); color: #fff; }
  button.primary:hover { background: var(--accent-strong); }
  button.plain { border-color: transparent; background: transparent; padding: 4px 8px; }
  button.plain:hover { background: var(--wash); }
  :focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
  h2 { font-size: 17px; line-height: 1.35; margin: 0; font-weight: 650; }
  h3 { font-size: 12px; margin: 0; font-weight: 600; color: var(--quiet); letter-spacing: 0.02em; }
  .quiet { color: var(--quiet); }
  code { font: 12px/1.5 var(--mono); overflow-wrap: anywhere; }
  .exact { font-size: 12px; color: var(--quiet); }
  .exact summary { cursor: pointer; }
  [hidden] { display: none !important; }
`;
