import { expect, test } from 'vitest';
import type { PlayedGame, Profile, Snapshot } from '../api/types';
import { headline, levelOf, markOf, outcome, placeOf, standing, terms, titleOf, told } from './words';

const ada = { id: 'a', username: 'Ada', kind: 'member' as const };
const computer = { id: 'c', username: 'computer-6', kind: 'computer' as const };

function game(moves: number[], more: Partial<Snapshot> = {}): Snapshot {
  return {
    id: 'g', user_id: 'a', opponent_id: 'c', players: { X: ada, O: computer }, variant: 'classic', moves,
    board: Array(9).fill(null), ply: moves.length, pos: moves.length, seq: moves.length,
    turn: moves.length % 2 ? 'O' : 'X', status: 'playing', result: null, reason: null, line: null,
    time: null, clocks: null, deadline: null, offers: [], rated: false, series: null, next: null,
    created_at: '', updated_at: '', ...more,
  };
}

test('the heading says whose turn it is from where one sits', () => {
  expect(headline(game([]), 'X')).toBe('Your turn');
  expect(headline(game([4]), 'X')).toBe('The computer thinks');
  expect(headline(game([]), 'O')).toBe('Waiting for Ada');
  expect(headline(game([]), null)).toBe('Ada to move');
});

test('the heading tells the result', () => {
  const over = { status: 'finished' as const, turn: null };
  expect(headline(game([], { ...over, result: 'draw' }), 'X')).toBe('A draw');
  expect(headline(game([], { ...over, result: 'X' }), 'X')).toBe('You win');
  expect(headline(game([], { ...over, result: 'O' }), 'X')).toBe('The computer wins');
  expect(headline(game([], { ...over, result: 'O', reason: 'resigned' }), 'X')).toBe('You resigned');
});

test('how a match stands is said from where one sits', () => {
  const stands = (X: number, O: number, mine: 'X' | 'O' | null, more: Partial<Snapshot> = {}) =>
    standing(game([], { series: { id: 's', game: 2, of: 4, score: { X, O } }, ...more }), mine);
  expect(stands(1, 0, 'X')).toBe('you lead 1–0');
  expect(stands(1, 0, 'O')).toBe('you trail 0–1');
  expect(stands(0.5, 0.5, 'O')).toBe('level at ½–½');
  expect(stands(0, 1, null)).toBe('The computer leads 1–0');
  expect(stands(0, 0, 'X')).toBe('');
  expect(standing(game([]), 'X')).toBe('');
  expect(standing(game([], { series: { id: 's', game: 2, of: 4, score: null } }), 'X')).toBe('');
});

test('at its end a match is won, lost or drawn', () => {
  const stood = (X: number, O: number, mine: 'X' | 'O' | null) =>
    standing(game([], { series: { id: 's', game: 4, of: 4, score: { X, O } }, status: 'finished' }), mine);
  expect(stood(2.5, 1.5, 'X')).toBe('match won 2½–1½');
  expect(stood(2.5, 1.5, 'O')).toBe('match lost 1½–2½');
  expect(stood(2, 2, 'O')).toBe('match drawn 2–2');
  expect(stood(3.5, 0.5, null)).toBe('Ada won 3½–½');
  const going = game([], { series: { id: 's', game: 4, of: 4, score: { X: 2, O: 1 } }, rated: true });
  expect(terms(going, standing(going, 'X'))).toBe('Game 4 of 4 · you lead 2–1 · Rated');
});

test('every move since the last look is told, then the heading', () => {
  expect(told(game([]), game([4, 0]), 'X')).toBe('You play centre. The computer plays top left. Your turn.');
});

test('nothing is told twice', () => {
  expect(told(game([4]), game([4]), 'X')).toBe('');
});

test('a game just opened is told by its heading alone', () => {
  expect(told(null, game([4, 0]), 'X')).toBe('Your turn.');
});

test('places have plain names', () => {
  expect([0, 1, 4, 5, 8].map((cell) => placeOf(cell))).toEqual(['top left', 'top middle', 'centre', 'middle right', 'bottom right']);
});

test('a seat is found by id and a level by name', () => {
  expect(markOf(game([]), 'c')).toBe('O');
  expect(markOf(game([]), 'z')).toBeNull();
  expect(levelOf(computer)).toBe(6);
  expect(levelOf(ada)).toBeNull();
});

test('a finished game is told from the side of the player whose profile it stands in', () => {
  const played = (mark: 'X' | 'O', result: PlayedGame['result'], reason: string): string =>
    outcome({ id: 'g', variant: 'classic', mark, opponent: ada, moves: [], result, reason, created_at: '', updated_at: '' });
  expect(played('X', 'X', 'line')).toBe('Won with X');
  expect(played('O', 'X', 'resigned')).toBe('Lost with O, by resignation');
  expect(played('O', 'draw', 'full')).toBe('A draw');
});

test('a profile bears the name of its player, and the computer that of its level', () => {
  const profile = (card: Pick<Profile, 'id' | 'username' | 'kind'>): Profile => ({ ...card, created_at: '', record: null, ratings: null, games: null, partial: [] });
  expect(titleOf(profile(ada))).toBe('Ada');
  expect(titleOf(profile(computer))).toBe('The computer, unbeatable');
  expect(titleOf(profile({ ...computer, username: 'computer-9' }))).toBe('computer-9');
});
