/** Saying the same thing again until it is heard; only for calls that may be repeated. */
import { Problem, Unreachable } from './problem';

const FIRST_MS = 500;
const LONGEST_MS = 15_000;

/** Milliseconds before try number `tries` (from 1): doubling, with a little chance so that clients spread out. */
export function backoff(tries: number, chance: number = Math.random()): number {
  return Math.min(FIRST_MS * 2 ** (tries - 1), LONGEST_MS) * (0.75 + chance / 2);
}

/** Whether an error is about the way there and not about what was asked. */
export function isLost(error: unknown): boolean {
  return error instanceof Unreachable || (error instanceof Problem && error.passes);
}

export function wait(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}

/** Repeats `action` while the connection is lost and `wanted()`; other errors pass through at once. */
export async function persist<T>(
  action: () => Promise<T>,
  told: (lost: boolean) => unknown,
  wanted: () => boolean = () => true,
  pause: (ms: number) => Promise<void> = wait,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      const answer = await action();
      told(false);
      return answer;
    } catch (error) {
      told(isLost(error));
      if (!isLost(error) || !wanted()) throw error;
      const asked = error instanceof Problem ? (error.retryAfter ?? 0) * 1000 : 0;
      await pause(Math.max(backoff(tries), asked));
    }
  }
}

/** A key under which the server recognises a repeated creation. Works on plain http, unlike randomUUID. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
