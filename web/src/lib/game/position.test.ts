import { expect, test } from 'vitest';
import { boardOf, draft, pace, withMove } from './position';

test('a move is shown before the server has answered', () => {
  const game = withMove(draft('X'), 4);
  expect(game.board[4]).toBe('X');
  expect([game.turn, game.ply, game.moves]).toEqual(['O', 1, [4]]);
});

test('a taken cell stays as it is', () => {
  const game = withMove(draft('X'), 4);
  expect(withMove(game, 4)).toBe(game);
});

test('the computer is waited for a moment, then less and less often', () => {
  const game = withMove(draft('X'), 4);
  expect([0, 1, 2, 3, 9].map((looks) => pace(game, 'X', looks))).toEqual([150, 300, 600, 1000, 1000]);
});

test('nothing is asked while the computer waits for a person, nor after the end', () => {
  expect(pace(draft('X'), 'X', 0)).toBeNull();
  expect(pace({ ...draft('X'), status: 'finished' }, 'X', 0)).toBeNull();
});

test('a human opponent may resign at any time, so one keeps looking', () => {
  const game = { ...draft('X'), players: { X: null, O: null } };
  expect(pace(game, 'X', 0)).toBe(3000);
  expect(pace(game, 'O', 0)).toBe(1000);
});

test('a board stands in the end as it was played', () => {
  expect(boardOf([4, 0, 8]).board).toEqual(['O', null, null, null, 'X', null, null, null, 'X']);
  expect(boardOf([]).board).toEqual(Array(9).fill(null));
});
