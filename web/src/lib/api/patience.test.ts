import { expect, test } from 'vitest';
import { backoff, persist } from './patience';
import { Problem, Unreachable } from './problem';

const pauses: number[] = [];
const pause = async (ms: number) => void pauses.push(ms);

function failing(...errors: Error[]) {
  return async () => {
    const error = errors.shift();
    if (error) throw error;
    return 'heard';
  };
}

test('a call is repeated until it is heard, and the page is told', async () => {
  const told: boolean[] = [];
  const answer = await persist(failing(new Unreachable(), new Unreachable()), (lost) => told.push(lost), () => true, pause);
  expect(answer).toBe('heard');
  expect(told).toEqual([true, true, false]);
});

test('a refusal is not repeated', async () => {
  const refusal = new Problem(422);
  await expect(persist(failing(refusal), () => undefined, () => true, pause)).rejects.toBe(refusal);
});

test('nobody waiting ends the repeating', async () => {
  await expect(persist(failing(new Unreachable()), () => undefined, () => false, pause)).rejects.toBeInstanceOf(Unreachable);
});

test('a full server is given the time it asks for', async () => {
  pauses.length = 0;
  await persist(failing(new Problem(503, {}, 30)), () => undefined, () => true, pause);
  expect(pauses).toEqual([30_000]);
});

test('pauses double up to a limit', () => {
  expect([1, 2, 3, 20].map((tries) => backoff(tries, 0.5))).toEqual([500, 1000, 2000, 15_000]);
});
