/** The outline of points of the picture: the smallest convex one, and what lies within. */

export interface Point { x: number; y: number }

/** Corners in one sense of turning (monotone chain); fewer than three where the points lie on one line. */
export function hullOf(points: readonly Point[]): Point[] {
  const sorted = [...points].sort((a, b) => a.x - b.x || a.y - b.y);
  const half = (along: readonly Point[]): Point[] => {
    const chain: Point[] = [];
    for (const point of along) {
      while (chain.length > 1 && turn(chain.at(-2) as Point, chain.at(-1) as Point, point) <= 0) chain.pop();
      chain.push(point);
    }
    return chain.slice(0, -1);
  };
  return [...half(sorted), ...half(sorted.reverse())];
}

export function within(hull: readonly Point[], point: Point): boolean {
  return hull.length > 2 && hull.every((corner, at) => turn(corner, hull[(at + 1) % hull.length] as Point, point) >= 0);
}

function turn(a: Point, b: Point, c: Point): number {
  return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
}
