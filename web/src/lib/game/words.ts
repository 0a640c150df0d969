/** What the page says about a game, in its heading, to a screen reader and in lists. */
import type { Card, Level, Mark, PlayedGame, Profile, Snapshot } from '../api/types';

export const LEVELS: readonly { level: Level; name: string }[] = [
  { level: 1, name: 'Gentle' },
  { level: 6, name: 'Unbeatable' },
];

const ROWS = ['top', 'middle', 'bottom'];
const COLUMNS = ['left', 'middle', 'right'];

/** "top left", "centre"; sighted people see where it is, others hear it. */
export function placeOf(cell: number): string {
  if (cell === 4) return 'centre';
  const column = COLUMNS[cell % 3];
  const row = ROWS[Math.floor(cell / 3)];
  return row === 'middle' ? `middle ${column}` : `${row} ${column}`;
}

export function other(mark: Mark): Mark {
  return mark === 'X' ? 'O' : 'X';
}

export function markOf(game: Snapshot, id: string | undefined): Mark | null {
  if (id && game.players.X?.id === id) return 'X';
  return id && game.players.O?.id === id ? 'O' : null;
}

/** The computer carries its level at the end of its reserved name. */
export function levelOf(card: Card | null): Level | null {
  const digits = card?.kind === 'computer' ? /\d+$/.exec(card.username ?? '') : null;
  return LEVELS.find(({ level }) => level === Number(digits?.[0]))?.level ?? null;
}

export function nameOf(card: Card | null): string {
  if (!card) return 'Nobody yet';
  return card.kind === 'computer' ? 'Computer' : (card.username ?? 'A former player');
}

/** Above somebody's profile. */
export function titleOf({ id, username, kind }: Profile): string {
  const level = levelOf({ id, username, kind });
  const name = LEVELS.find((one) => one.level === level)?.name.toLowerCase();
  return name ? `The computer, ${name}` : username;
}

/** How a finished game went, from the side of one player. */
export function outcome({ mark, result, reason }: PlayedGame): string {
  if (result === 'draw') return 'A draw';
  const word = result === mark ? 'Won' : 'Lost';
  if (reason === 'resigned') return `${word} with ${mark}, by resignation`;
  return `${word} with ${mark}`;
}

/** A player in the middle of a sentence; a guest's made-up name would say nothing there. */
function inText(card: Card | null): string {
  if (card?.kind === 'guest') return 'the guest';
  return card?.kind === 'computer' ? 'the computer' : nameOf(card);
}

function subject(card: Card | null): string {
  const name = inText(card);
  return name.startsWith('the ') ? `T${name.slice(1)}` : name;
}

/** The one line above the board. */
export function headline(game: Snapshot, mine: Mark | null): string {
  if (game.status === 'open') return mine ? 'Waiting for an opponent' : 'Somebody waits here';
  if (game.status === 'aborted') return 'This game was called off';
  if (game.status === 'finished') return ending(game, mine);
  const turn = game.turn ?? 'X';
  if (turn === mine) return 'Your turn';
  const card = game.players[turn];
  if (card?.kind === 'computer') return 'The computer thinks';
  return mine ? `Waiting for ${inText(card)}` : `${subject(card)} to move`;
}

function ending(game: Snapshot, mine: Mark | null): string {
  if (game.result !== 'X' && game.result !== 'O') return 'A draw';
  if (game.result === mine) return 'You win';
  if (game.reason === 'resigned' && mine) return 'You resigned';
  return `${subject(game.players[game.result])} wins`;
}

/** A second, quieter line under a finished game's heading, or nothing. */
export function because(game: Snapshot, mine: Mark | null): string {
  if (!mine || game.status !== 'finished' || game.result !== mine) return '';
  const loser = subject(game.players[other(mine)]);
  if (game.reason === 'resigned') return `${loser} resigned`;
  return game.reason === 'timeout' || game.reason === 'abandoned' ? `${loser} left` : '';
}

/** What has happened between two states, as one would say it aloud; empty when nothing has. */
export function told(before: Snapshot | null, after: Snapshot, mine: Mark | null): string {
  if (before?.id === after.id && before.ply === after.ply && before.status === after.status) return '';
  const from = before?.id === after.id ? before.ply : after.moves.length;
  const moves = after.moves.slice(from).map((cell, i) => said(after, cell, from + i, mine));
  return [...moves, headline(after, mine)].join('. ') + '.';
}

function said(game: Snapshot, cell: number, ply: number, mine: Mark | null): string {
  const mark: Mark = ply % 2 === 0 ? 'X' : 'O';
  return `${mark === mine ? 'You play' : `${subject(game.players[mark])} plays`} ${placeOf(cell)}`;
}
