/** The signs of what moves: shape by heading, fill and line by state, so that no state is told by colour alone. */

export type State = "moving" | "standing" | "alarm" | "silent" | "doubted";
export type Look = `${State}-${"pointed" | "round"}`;

export const SIGN_PX = 26;
const DRAWN_PX = 104;
const FILL: Record<State, string> = { moving: "#0f8a5f", standing: "#2f6db3", alarm: "#d92d20", silent: "#98a2ad", doubted: "#ffffff" };
const LINE: Record<State, string> = { moving: "#ffffff", standing: "#ffffff", alarm: "#ffffff", silent: "#ffffff", doubted: "#b45309" };
const drawn = new Map<string, HTMLCanvasElement>();

export function signOf(look: Look, { selected }: { selected: boolean }): HTMLCanvasElement {
  const name = `${look}${selected}`;
  const known = drawn.get(name);
  if (known) return known;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = DRAWN_PX;
  const pen = canvas.getContext("2d");
  if (pen) draw(pen, look, selected);
  drawn.set(name, canvas);
  return canvas;
}

function draw(pen: CanvasRenderingContext2D, look: Look, selected: boolean): void {
  const [state, shape] = look.split("-") as [State, "pointed" | "round"];
  pen.translate(DRAWN_PX / 2, DRAWN_PX / 2);
  if (selected || state === "alarm") ring(pen, selected ? "#f59e0b" : "#d92d20");
  pen.beginPath();
  if (shape === "pointed") {
    pen.moveTo(0, -36);
    pen.lineTo(26, 27);
    pen.quadraticCurveTo(0, 11, -26, 27);
    pen.closePath();
  } else {
    pen.arc(0, 0, 21, 0, 2 * Math.PI);
  }
  pen.shadowColor = "rgb(10 20 30 / 0.55)";
  pen.shadowBlur = 7;
  pen.lineJoin = "round";
  pen.lineWidth = 11;
  pen.strokeStyle = LINE[state];
  pen.setLineDash(state === "doubted" ? [13, 9] : []);
  if (state !== "doubted") pen.stroke();
  pen.shadowColor = "transparent";
  pen.fillStyle = FILL[state];
  pen.fill();
  if (state === "doubted") pen.stroke();
  if (state === "standing" && shape === "pointed") hollow(pen);
  if (state === "alarm") exclaim(pen);
}

function ring(pen: CanvasRenderingContext2D, color: string): void {
  pen.beginPath();
  pen.arc(0, 0, 45, 0, 2 * Math.PI);
  pen.lineWidth = 7;
  pen.strokeStyle = color;
  pen.stroke();
  pen.fillStyle = `${color}2e`;
  pen.fill();
}

/** What stands is hollow in the middle. */
function hollow(pen: CanvasRenderingContext2D): void {
  pen.beginPath();
  pen.arc(0, 2, 8, 0, 2 * Math.PI);
  pen.fillStyle = "#ffffff";
  pen.fill();
}

function exclaim(pen: CanvasRenderingContext2D): void {
  pen.fillStyle = "#ffffff";
  pen.fillRect(-3.5, -16, 7, 20);
  pen.fillRect(-3.5, 9, 7, 7);
}
