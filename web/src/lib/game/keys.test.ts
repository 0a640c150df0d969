import { expect, test } from 'vitest';
import { walk } from './keys';

test('arrows walk over the board', () => {
  expect(walk(4, 'ArrowUp')).toBe(1);
  expect(walk(4, 'ArrowDown')).toBe(7);
  expect(walk(4, 'ArrowLeft')).toBe(3);
  expect(walk(4, 'ArrowRight')).toBe(5);
});

test('the edge stops the walk instead of wrapping into another row', () => {
  expect(walk(2, 'ArrowRight')).toBe(2);
  expect(walk(3, 'ArrowLeft')).toBe(3);
  expect(walk(0, 'ArrowUp')).toBe(0);
  expect(walk(8, 'ArrowDown')).toBe(8);
});

test('Home and End go to the ends of the row', () => {
  expect(walk(4, 'Home')).toBe(3);
  expect(walk(4, 'End')).toBe(5);
});

test('other keys do not walk', () => {
  expect(walk(4, 'a')).toBeNull();
});
