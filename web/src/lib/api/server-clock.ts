/** What time the server has: deadlines are its times, and the clock here may be wrong. */

// The Date header names a whole second, and may be a moment old.
const GRAIN_MS = 2000;

export class ServerClock {
  /** How far the server's clock may be ahead of this one, at least and at most. */
  private least = -Infinity;
  private most = Infinity;

  constructor(private readonly now: () => number = Date.now) {}

  /** Takes in an answer that was asked for at `asked` and carried this Date. */
  answered(date: string | null, asked: number): void {
    const stamp = Date.parse(date ?? '');
    if (Number.isNaN(stamp)) return;
    const [least, most] = [stamp - this.now(), stamp + GRAIN_MS - asked];
    const fits = least <= this.most && most >= this.least;
    // Where nothing fits any more one of the clocks was set: begin anew.
    this.least = fits ? Math.max(this.least, least) : least;
    this.most = fits ? Math.min(this.most, most) : most;
  }

  /** Milliseconds to add to the clock here; none while it may be right. */
  get ahead(): number {
    if (this.least <= 0 && this.most >= 0) return 0;
    return (this.least + this.most) / 2;
  }

  get time(): number {
    return this.now() + this.ahead;
  }
}

export const server = new ServerClock();
