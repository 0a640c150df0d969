import { expect, test } from 'vitest';
import type { GameEvent } from '../api/messages';
import { applied } from './apply';
import { draft } from './position';

const game = { ...draft(null), id: 'g', seq: 4 };
const move = (seq: number, ply: number): Extract<GameEvent, { t: 'move' }> => ({
  t: 'move', game: 'g', seq, ply, cell: 4, mark: 'X', pos: 1, turn: 'O', status: 'playing', result: null, reason: null,
  line: null, deadline: null, clocks: null, next: null,
});

test('the next event is taken in', () => {
  const after = applied({ ...game, offers: [{ id: '1', kind: 'draw', by: 'O' }] }, move(5, 0));
  expect(after).toMatchObject({ seq: 5, ply: 1, turn: 'O', moves: [4], offers: [] });
  expect(after?.board[4]).toBe('X');
});

test('old news change nothing', () => {
  expect(applied(game, move(4, 0))).toBe(game);
  expect(applied(game, { ...move(5, 0), game: 'other' })).toBe(game);
});

test('where something is missing nothing is made up', () => {
  expect(applied(game, move(6, 0))).toBeNull();
  expect(applied(game, move(5, 2))).toBeNull();
});

test('a snapshot sets all of it', () => {
  const snapshot = { ...game, seq: 9 };
  expect(applied(game, { t: 'snapshot', game: 'g', seq: 9, snapshot })).toBe(snapshot);
});

test('how the match stands is told with the end of a game, and stays until then', () => {
  const series = (X: number, O: number) => ({ id: 's', game: 2, of: 4, score: { X, O } });
  const going = { ...game, series: series(1, 0) };
  expect(applied(going, move(5, 0))?.series).toEqual(series(1, 0));
  expect(applied(going, { ...move(5, 0), series: series(2, 0) })?.series).toEqual(series(2, 0));
  const over = { t: 'finished' as const, game: 'g', seq: 5, status: 'finished' as const, result: 'draw' as const, reason: 'agreed' as const, next: 'h' };
  expect(applied(going, { ...over, series: series(1.5, 0.5) })?.series).toEqual(series(1.5, 0.5));
});

test('a game that ended has no turn, no deadline and no offers', () => {
  const going = { ...game, deadline: '2026-11-27T12:00:00.000Z' };
  const after = applied(going, { t: 'finished', game: 'g', seq: 5, status: 'finished', result: 'draw', reason: 'agreed', next: 'h' });
  expect(after).toMatchObject({ turn: null, deadline: null, result: 'draw', next: 'h', offers: [] });
});
