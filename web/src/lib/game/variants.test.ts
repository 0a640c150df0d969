import { expect, test } from 'vitest';
import { walk } from './keys';
import { after, boardOf } from './position';
import { gridOf, placed, through } from './strokes';
import { nameOfVariant, shapeOf } from './variants';

test('a name tells the shape of the board', () => {
  expect(shapeOf('5x4x3')).toEqual({ columns: 5, rows: 4, length: 3 });
  expect(shapeOf('misere')).toEqual({ columns: 3, rows: 3, length: 3 });
});

test('boards have plain names', () => {
  expect(['classic', '15x15x5', '9x9x9'].map(nameOfVariant)).toEqual(['Classic', '15 × 15, five in a row', '9 × 9, 9 in a row']);
});

test('a board of any shape is walked over, its edges stop', () => {
  expect(walk(7, 'ArrowDown', 5, 4)).toBe(12);
  expect(walk(17, 'ArrowDown', 5, 4)).toBe(17);
  expect(walk(7, 'End', 5, 4)).toBe(9);
});

test('a board of any shape is drawn: a line between any two rows and columns', () => {
  expect(gridOf(5, 4).length).toBe(7);
  expect(placed(7, 5)).toContain('translate(200 100)');
  expect(through([0, 6, 12], 5)).toMatch(/^M2\d\.\d 2\d\.\d/);
});

test('a game is shown as it stood after any move', () => {
  const game = { ...boardOf([12, 0, 13], '5x5x4'), line: [12] };
  expect(after(game, 1)).toMatchObject({ ply: 1, moves: [12], line: null });
  expect(after(game, 1).board[0]).toBeNull();
  expect(after(game, 3)).toBe(game);
});
