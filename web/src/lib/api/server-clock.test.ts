import { expect, test } from 'vitest';
import { ServerClock } from './server-clock';

const NOON = Date.parse('2026-11-27T12:00:00Z');
const header = (ms: number) => new Date(ms).toUTCString();

test('a clock that may be right is left as it is', () => {
  const clock = new ServerClock(() => NOON + 400);
  clock.answered(header(NOON), NOON + 300);
  expect(clock.ahead).toBe(0);
});

test('a clock that is wrong is set right, to about a second', () => {
  const clock = new ServerClock(() => NOON);
  clock.answered(header(NOON + 60_000), NOON - 100);
  expect(clock.time).toBeGreaterThanOrEqual(NOON + 60_000);
  expect(clock.time).toBeLessThanOrEqual(NOON + 62_100);
});

test('more answers make it more exact', () => {
  let now = NOON;
  const clock = new ServerClock(() => now);
  for (const late of [0, 300, 600, 900]) {
    now = NOON + late;
    clock.answered(header(Math.floor((now + 60_500) / 1000) * 1000), now);
  }
  expect(Math.abs(clock.ahead - 60_500)).toBeLessThanOrEqual(700);
});

test('a clock that was set meanwhile is measured anew', () => {
  let now = NOON;
  const clock = new ServerClock(() => now);
  clock.answered(header(NOON), NOON);
  now = NOON - 3_600_000;
  clock.answered(header(NOON), now);
  expect(Math.round(clock.ahead / 60_000)).toBe(60);
});

test('an answer without a date says nothing', () => {
  const clock = new ServerClock(() => NOON);
  clock.answered(null, NOON);
  expect(clock.ahead).toBe(0);
});
