import { expect, test } from 'vitest';
import { isTelling, wordsFor } from './happenings';

test('an event is said in words', () => {
  expect(wordsFor('login-succeeded')).toBe('Signed in');
});

test('an event this page has not heard of is said as the server calls it', () => {
  expect(wordsFor('moon-landed')).toBe('moon landed');
});

test('what may have been somebody else is told apart', () => {
  expect(['login-succeeded', 'login-refused'].map(isTelling)).toEqual([false, true]);
});
