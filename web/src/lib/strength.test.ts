import { expect, test } from 'vitest';
import { judge, verdictOf } from './strength';

test('nothing typed is not judged', () => {
  expect(verdictOf('', 0)).toEqual({ bars: 0, words: '' });
});

test('too short is said before anything else, in characters as people count them', () => {
  expect(verdictOf('x👍🏽ab', 4)).toEqual({ bars: 0, words: 'At least 8 characters.' });
});

test('every verdict has words and a bar', () => {
  for (const score of [0, 1, 2, 3, 4]) {
    const { bars, words } = verdictOf('long enough', score);
    expect(bars).toBeGreaterThan(0);
    expect(words).not.toBe('');
  }
});

test.each([
  ['password123', 1],
  ['qwertyuiop', 1],
  ['aaaaaaaaaaaa', 1],
  ['correct horse battery staple', 4],
  ['violet harbour engine moss', 4],
])('%s gets %i of four', async (password, bars) => {
  expect((await judge())(password, []).bars).toBe(bars);
});

test('ones own name makes no password', async () => {
  const of = await judge();
  expect(of('lovelace2026', ['Ada-Lovelace', 'lovelace']).bars).toBeLessThan(of('lovelace2026', []).bars);
});

test('the longest password is judged in no time', async () => {
  const of = await judge();
  const started = performance.now();
  of('tic-tac-toe '.repeat(21), []);
  expect(performance.now() - started).toBeLessThan(300);
});
