import { expect, test } from 'vitest';
import { pointsOf } from './chart';

const history = (...ratings: number[]) => ratings.map((rating) => ({ rating, change: 0, at: '', game: '' }));

test('one game makes no line', () => {
  expect([pointsOf([], 100, 100), pointsOf(history(1500), 100, 100)]).toEqual([null, null]);
});

test('the line goes from side to side, higher where the rating is', () => {
  expect(pointsOf(history(1500, 1600, 1500), 100, 116)).toEqual({ path: 'M0.0 108.0L50.0 8.0L100.0 108.0', first: 1500, least: 1500, most: 1600 });
});

test('a small difference stays small', () => {
  expect(pointsOf(history(1500, 1500), 100, 100)?.path).toBe('M0.0 50.0L100.0 50.0');
});
