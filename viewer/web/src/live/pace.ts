/** Draws for as long as something is on its way, at most 30 times a second, and on a slow machine in a share of its time. */

const EACH_MS = 33;
const REST_SHARE = 1.5;

export class Pace {
  private running = false;
  private due_ms = 0;

  /** `draw` answers whether there is more to come. */
  constructor(private readonly draw: () => boolean) {}

  run(): void {
    if (this.running) return;
    this.running = true;
    requestAnimationFrame(() => this.step());
  }

  private step(): void {
    const started = performance.now();
    if (started < this.due_ms) return void requestAnimationFrame(() => this.step());
    const more = this.draw();
    this.running = more;
    // After the picture: what it cost decides when the next one is due.
    setTimeout(() => {
      const cost = performance.now() - started;
      this.due_ms = started + Math.max(EACH_MS, cost * (cost > EACH_MS ? 1 + REST_SHARE : 1));
      if (more) requestAnimationFrame(() => this.step());
    });
  }
}
