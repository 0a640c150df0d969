import { expect, test } from 'vitest';
import type { GameAnalysis, PlyAnalysis } from '../api/types';
import { mistakes, sayWorth, worthAt } from './worth';

const move = (more: Partial<PlyAnalysis>): PlyAnalysis => ({ ply: 1, cell: 1, mark: 'O', before: 0, after: 0, kept: true, best: [4], ...more });
const analysis: GameAnalysis = { game: 'g', variant: 'classic', complete: true, plies: [move({ ply: 0 }), move({ kept: false, after: -1 })] };

test('the move shown is the one that led there', () => {
  expect(worthAt(analysis, 2)?.ply).toBe(1);
  expect([worthAt(analysis, 0), worthAt(null, 1)]).toEqual([null, null]);
});

test('a move is said to keep what there was, or to give it away', () => {
  expect(sayWorth(move({}), 'classic')).toBe('O, top middle: keeps the draw.');
  expect(sayWorth(move({ before: -1, after: -1 }), 'classic')).toBe('O, top middle: was lost already.');
  expect(sayWorth(move({ before: 1, after: 0, kept: false }), 'classic')).toBe(
    'O, top middle: gives the win away, it is a draw now. Better: centre.',
  );
});

test('what is not proven is not claimed', () => {
  expect(sayWorth(move({ before: null, after: null, kept: null }), '5x5x4')).toBe('O, row 1, column 2.');
});

test('moves that gave something away are counted from one', () => {
  expect([mistakes(analysis), mistakes(null)]).toEqual([[2], []]);
});
