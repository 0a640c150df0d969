import { expect, test } from 'vitest';
import { clockFace, isLow, leftOf, nameOfTime, spoken, tickMs } from './clock';
import { draft } from './position';

const time = { kind: 'clock' as const, initial_ms: 60_000, increment_ms: 1000 };
const game = { ...draft(null), time, clocks: { X_ms: 50_000, O_ms: 40_000 }, deadline: '2026-11-27T12:00:50.000Z' };

test('who is to move has until the deadline, who waits what they had', () => {
  const now = Date.parse('2026-11-27T12:00:20Z');
  expect([leftOf(game, 'X', now), leftOf(game, 'O', now)]).toEqual([30_000, 40_000]);
  expect(leftOf(game, 'X', now + 60_000)).toBe(0);
});

test('without a clock nothing is left or gone', () => {
  expect(leftOf(draft(null), 'X', 0)).toBeNull();
  expect(leftOf({ ...game, status: 'open' }, 'X', 0)).toBeNull();
});

test('a clock shows as much as matters', () => {
  expect([0, 9_449, 10_000, 65_900, 3_725_000, 259_200_000].map(clockFace)).toEqual(['0.0', '9.4', '0:10', '1:05', '1:02:05', '3 days']);
});

test('it is heard in words', () => {
  expect([0, 1000, 65_000, 7_260_000].map(spoken)).toEqual(['no time', '1 second', '1 minute 5 seconds', '2 hours 1 minute']);
});

test('little is left in the last tenth, or the last ten seconds of a longer time', () => {
  expect([isLow(9_999, time), isLow(10_001, time)]).toEqual([true, false]);
  expect([isLow(900, { kind: 'turn', turn_ms: 3000 }), isLow(1100, { kind: 'turn', turn_ms: 3000 })]).toEqual([true, false]);
});

test('a clock wakes no more often than what it shows changes', () => {
  expect(tickMs(5_000)).toBe(100);
  expect(tickMs(30_400)).toBe(410);
  expect(tickMs(259_200_000)).toBe(60_000);
});

test('times have short names', () => {
  expect([null, time, { kind: 'turn' as const, turn_ms: 30_000 }, { kind: 'days' as const, days: 1 }].map(nameOfTime)).toEqual([
    '', '1 min + 1 s', '30 s a move', '1 day a move',
  ]);
});
