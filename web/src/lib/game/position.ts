/** What the page can work out about a game without asking. */
import type { Card, Mark, Snapshot } from '../api/types';
import { shapeOf } from './variants';
import { other } from './words';

const COMPUTER: Card = { id: null, username: 'computer', kind: 'computer' };

/** The empty board on the first screen, before there is a game behind it. */
export function draft(mine: Mark | null, variant = 'classic'): Snapshot {
  const { columns, rows } = shapeOf(variant);
  return {
    id: '', user_id: null, opponent_id: null, variant, moves: [], board: Array(columns * rows).fill(null),
    players: { X: mine === 'O' ? COMPUTER : null, O: mine === 'X' ? COMPUTER : null },
    ply: 0, pos: 0, seq: 0, turn: 'X', status: 'playing', result: null, reason: null, line: null,
    time: null, clocks: null, deadline: null, offers: [], rated: false, series: null, next: null,
    created_at: '', updated_at: '',
  };
}

/** A board as it stood in the end, to be looked at and no more. */
export function boardOf(moves: readonly number[], variant = 'classic'): Snapshot {
  return moves.reduce((game, cell, ply) => withMove({ ...game, turn: ply % 2 === 0 ? 'X' : 'O' }, cell), draft(null, variant));
}

/** A game as it stood after so many moves. */
export function after(game: Snapshot, ply: number): Snapshot {
  if (ply >= game.ply) return game;
  const { board, moves } = boardOf(game.moves.slice(0, ply), game.variant);
  return { ...game, board, moves, ply, line: null };
}

/** The game as it will be once `cell` is played; the result is left to the server. */
export function withMove(game: Snapshot, cell: number): Snapshot {
  if (game.board[cell] || !game.turn) return game;
  return {
    ...game,
    board: game.board.with(cell, game.turn),
    moves: [...game.moves, cell],
    ply: game.ply + 1,
    turn: other(game.turn),
  };
}

/** Milliseconds to the next look at a game; `looks` counts those since the last move. Null: nothing to wait for. */
export function pace(game: Snapshot, mine: Mark | null, looks: number): number | null {
  if (game.status === 'open') return mine ? 1000 : 3000;
  if (game.status !== 'playing') return null;
  const opponent = mine && game.players[other(mine)];
  const computer = opponent?.kind === 'computer';
  if (game.turn === mine) return computer ? null : 3000;
  // The computer answers within moments, in a commit of its own.
  return computer ? Math.min(150 * 2 ** looks, 1000) : 1000;
}
