import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { whileSeen } from './seen';

const heard: Record<string, () => void> = {};
let hidden = false;
let looks = 0;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('document', {
    get hidden() {
      return hidden;
    },
    addEventListener: (name: string, run: () => void) => (heard[name] = run),
    removeEventListener: (name: string) => delete heard[name],
  });
  vi.stubGlobal('addEventListener', (name: string, run: () => void) => (heard[name] = run));
  vi.stubGlobal('removeEventListener', (name: string) => delete heard[name]);
  hidden = false;
  looks = 0;
});

afterEach(() => vi.useRealTimers());

const look = async () => void (looks += 1);

test('it is looked at once, and again after every while', async () => {
  const stop = whileSeen(look, 3000);
  expect(looks).toBe(1);
  await vi.advanceTimersByTimeAsync(9000);
  expect(looks).toBe(4);
  stop();
  await vi.advanceTimersByTimeAsync(9000);
  expect([looks, Object.keys(heard)]).toEqual([4, []]);
});

test('nothing is looked at while nobody sees it, and at once when somebody does', async () => {
  const stop = whileSeen(look, 3000);
  hidden = true;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(looks).toBe(1);
  hidden = false;
  heard['visibilitychange']?.();
  expect(looks).toBe(2);
  await vi.advanceTimersByTimeAsync(3000);
  expect(looks).toBe(3);
  stop();
});

test('what fails is tried again, less and less often', async () => {
  const stop = whileSeen(async () => {
    looks += 1;
    throw new Error('lost');
  }, 1000);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(looks).toBeGreaterThan(5);
  expect(looks).toBeLessThan(15);
  stop();
});

test('one look is over before the next begins', async () => {
  let done = () => {};
  const stop = whileSeen(() => {
    looks += 1;
    return new Promise<void>((end) => (done = end));
  }, 1000);
  heard['online']?.();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(looks).toBe(1);
  done();
  await vi.advanceTimersByTimeAsync(1000);
  expect(looks).toBe(2);
  stop();
});
