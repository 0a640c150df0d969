/** What the page says about a game, in its heading, to a screen reader and in lists. */
import type { Card, Level, Mark, OfferKind, PlayedGame, Profile, Snapshot } from '../api/types';
import type { Presence } from '../api/messages';
import { nameOfTime } from './clock';
import { nameOfVariant, shapeOf } from './variants';

export const LEVELS: readonly { level: Level; name: string }[] = [
  { level: 1, name: 'Gentle' },
  { level: 2, name: 'Easy' },
  { level: 3, name: 'Casual' },
  { level: 4, name: 'Steady' },
  { level: 5, name: 'Sharp' },
  { level: 6, name: 'Unbeatable' },
  { level: 7, name: 'Cunning' },
];

const ROWS = ['top', 'middle', 'bottom'];
const COLUMNS = ['left', 'middle', 'right'];

/** "top left", "centre", on a larger board "row 3, column 5"; sighted people see where it is, others hear it. */
export function placeOf(cell: number, variant = 'classic'): string {
  const { columns, rows } = shapeOf(variant);
  if (columns !== 3 || rows !== 3) return `row ${Math.floor(cell / columns) + 1}, column ${(cell % columns) + 1}`;
  if (cell === 4) return 'centre';
  const column = COLUMNS[cell % 3];
  const row = ROWS[Math.floor(cell / 3)];
  return row === 'middle' ? `middle ${column}` : `${row} ${column}`;
}

/** An offer as the other's and as one's own. */
export const OFFERED: Record<OfferKind, { theirs: string; own: string }> = {
  draw: { theirs: 'offers a draw', own: 'You offered a draw.' },
  takeback: { theirs: 'would like to take a move back', own: 'You asked to take a move back.' },
  rematch: { theirs: 'would like to play again', own: 'You asked for another game.' },
};

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

export function subject(card: Card | null): string {
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
  if (game.reason === 'timeout' && mine) return 'Your time is up';
  return `${subject(game.players[game.result])} wins`;
}

/** A second, quieter line under a finished game's heading, or nothing. */
export function because(game: Snapshot, mine: Mark | null): string {
  if (game.status !== 'finished') return '';
  if (game.reason === 'agreed') return 'By agreement';
  if (!mine || game.result !== mine) return '';
  const loser = subject(game.players[other(mine)]);
  if (game.reason === 'resigned') return `${loser} resigned`;
  if (game.reason === 'timeout') return `${loser} ran out of time`;
  return game.reason === 'abandoned' ? `${loser} left` : '';
}

/** Who else is there: the opponent of who plays, and how many look on. */
export function company(game: Snapshot, mine: Mark | null, presence: Presence | null, met: boolean): string {
  if (!presence || game.status === 'open') return '';
  const watching = presence.watching - (mine ? 0 : 1);
  const card = mine && game.players[other(mine)];
  const there = mine && presence[other(mine)] ? 'is here' : met ? 'has left' : 'is not here just now';
  const said = card && card.kind !== 'computer' && game.status !== 'aborted' ? [`${subject(card)} ${there}`] : [];
  if (watching > 0) said.push(`${watching} ${watching === 1 ? 'is' : 'are'} watching`);
  return said.join(' · ');
}

/** How a match stands for who looks at it; nothing before its first game is over. */
export function standing(game: Snapshot, mine: Mark | null): string {
  const score = game.series?.score;
  if (!game.series || !score || score.X + score.O === 0) return '';
  const over = game.status === 'finished' && game.series.game === game.series.of;
  const ahead = mine ?? (score.X >= score.O ? 'X' : 'O');
  const [own, theirs] = [score[ahead], score[other(ahead)]];
  const count = `${points(own)}–${points(theirs)}`;
  if (own === theirs) return over ? `match drawn ${count}` : `level at ${count}`;
  if (!mine) return `${subject(game.players[ahead])} ${over ? 'won' : 'leads'} ${count}`;
  return `${over ? 'match' : 'you'} ${own > theirs ? (over ? 'won' : 'lead') : over ? 'lost' : 'trail'} ${count}`;
}

/** Whole and half points: "2", "1½". */
function points(count: number): string {
  return `${Math.floor(count) || (count % 1 ? '' : 0)}${count % 1 ? '½' : ''}`;
}

/** What kind of game it is, where that is not the plain one: board, time, rating, which of how many and how those stand. */
export function terms(game: Pick<Snapshot, 'variant' | 'time' | 'rated' | 'series'>, stands = ''): string {
  const said = [
    game.series ? `Game ${game.series.game} of ${game.series.of}` : '',
    stands,
    game.variant === 'classic' ? '' : nameOfVariant(game.variant),
    nameOfTime(game.time),
    game.rated ? 'Rated' : '',
  ];
  return said.filter(Boolean).join(' · ');
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
  return `${mark === mine ? 'You play' : `${subject(game.players[mark])} plays`} ${placeOf(cell, game.variant)}`;
}
