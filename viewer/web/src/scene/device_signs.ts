/** The icons of what stands: a camera, a gate, a door, a flame, a guard, each readable at a quarter of an inch. */

import type { Tone } from "./devices";

export const DEVICE_PX = 22;
const DRAWN_PX = 88;
const INK: Record<Tone, string> = { normal: "#26415e", alarm: "#d92d20", fault: "#7c8791", masked: "#a4adb6" };
const drawn = new Map<string, HTMLCanvasElement>();
const OPEN = new Set(["open", "forced", "held"]);

export function deviceSign(kind: string, tone: Tone, state: string | null): HTMLCanvasElement {
  const name = `${kind}-${tone}-${state ?? ""}`;
  const known = drawn.get(name);
  if (known) return known;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = DRAWN_PX;
  const pen = canvas.getContext("2d");
  if (pen) draw(pen, kind, tone, state);
  drawn.set(name, canvas);
  return canvas;
}

function draw(pen: CanvasRenderingContext2D, kind: string, tone: Tone, state: string | null): void {
  pen.translate(DRAWN_PX / 2, DRAWN_PX / 2);
  pen.beginPath();
  pen.roundRect(-36, -36, 72, 72, tone === "alarm" ? 36 : 18);
  pen.shadowColor = "rgb(10 20 30 / 0.5)";
  pen.shadowBlur = 8;
  pen.fillStyle = tone === "alarm" ? INK.alarm : "#ffffff";
  pen.fill();
  pen.shadowColor = "transparent";
  pen.lineWidth = 5;
  pen.strokeStyle = tone === "alarm" ? "#ffffff" : INK[tone];
  pen.stroke();
  pen.fillStyle = pen.strokeStyle = tone === "alarm" ? "#ffffff" : INK[tone];
  (GLYPHS[kind] ?? dot)(pen, state);
  if (tone === "fault" || tone === "masked") strike(pen, tone);
}

const GLYPHS: Record<string, (pen: CanvasRenderingContext2D, state: string | null) => void> = {
  camera: (pen) => {
    pen.beginPath();
    pen.roundRect(-24, -14, 32, 28, 6);
    pen.moveTo(11, -4);
    pen.lineTo(25, -13);
    pen.lineTo(25, 13);
    pen.lineTo(11, 4);
    pen.fill();
  },
  gate: (pen) => {
    pen.lineWidth = 7;
    pen.lineCap = "round";
    pen.beginPath();
    pen.moveTo(-20, 22);
    pen.lineTo(-20, -8);
    pen.lineTo(22, -18);
    pen.stroke();
    pen.beginPath();
    pen.arc(-20, -8, 8, 0, 2 * Math.PI);
    pen.fill();
  },
  door: (pen, state) => {
    pen.lineWidth = 6;
    pen.strokeRect(-16, -24, 32, 48);
    pen.beginPath();
    if (OPEN.has(state ?? "")) {
      pen.moveTo(-16, -24);
      pen.lineTo(6, -14);
      pen.lineTo(6, 32);
      pen.lineTo(-16, 24);
    } else pen.arc(8, 2, 4.5, 0, 2 * Math.PI);
    pen.fill();
  },
  fire_point: (pen) => {
    pen.beginPath();
    pen.moveTo(0, -27);
    pen.bezierCurveTo(24, -4, 22, 26, 0, 26);
    pen.bezierCurveTo(-22, 26, -22, 2, -8, -6);
    pen.bezierCurveTo(-4, 2, 2, -10, 0, -27);
    pen.fill();
  },
  panic_button: (pen) => exclaim(pen),
  guard: (pen) => {
    pen.beginPath();
    pen.arc(0, -12, 10, 0, 2 * Math.PI);
    pen.fill();
    pen.beginPath();
    pen.arc(0, 24, 20, Math.PI, 2 * Math.PI);
    pen.fill();
  },
  meter: (pen) => {
    pen.lineWidth = 6;
    pen.beginPath();
    pen.arc(0, 4, 20, Math.PI * 0.85, Math.PI * 2.15);
    pen.moveTo(0, 4);
    pen.lineTo(11, -9);
    pen.stroke();
  },
  lift: (pen) => {
    pen.beginPath();
    pen.moveTo(0, -24);
    pen.lineTo(16, -4);
    pen.lineTo(-16, -4);
    pen.moveTo(0, 24);
    pen.lineTo(16, 4);
    pen.lineTo(-16, 4);
    pen.fill();
  },
};

function dot(pen: CanvasRenderingContext2D): void {
  pen.beginPath();
  pen.arc(0, 0, 13, 0, 2 * Math.PI);
  pen.fill();
}

function exclaim(pen: CanvasRenderingContext2D): void {
  pen.fillRect(-5, -24, 10, 30);
  pen.fillRect(-5, 13, 10, 10);
}

/** A fault is crossed out, what is masked is barred. */
function strike(pen: CanvasRenderingContext2D, tone: Tone): void {
  pen.lineWidth = 6;
  pen.strokeStyle = tone === "fault" ? "#b42318" : INK.masked;
  pen.beginPath();
  pen.moveTo(-28, 28);
  pen.lineTo(28, -28);
  if (tone === "fault") {
    pen.moveTo(-28, -28);
    pen.lineTo(28, 28);
  }
  pen.stroke();
}
