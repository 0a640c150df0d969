/** Pen strokes on a board whose cells are 100 × 100: nearly straight, as a hand draws. */
import type { Mark } from '../api/types';

/** How far a line strays from being straight, one after the other. */
const STRAY = [2, -3, 4, -2, 3, -4, 1];

/** The lines between the cells. */
export function gridOf(columns: number, rows: number): string[] {
  const upright = between(columns).map((n) => line(n, rows, (across, along) => `${across} ${along}`));
  const level = between(rows).map((n) => line(n + columns, columns, (across, along) => `${along} ${across}`, n));
  return [...upright, ...level];
}

function between(cells: number): number[] {
  return Array.from({ length: cells - 1 }, (_, n) => n + 1);
}

function line(seed: number, cells: number, at: (across: number, along: number) => string, n = seed): string {
  const stray = (k: number) => n * 100 + (STRAY[(seed * 3 + k) % STRAY.length] ?? 0);
  const long = cells * 100;
  return `M${at(stray(0), 8)}C${at(stray(1), long * 0.32)} ${at(stray(2), long * 0.66)} ${at(stray(3), long - 9)}`;
}

const CROSSES = [
  ['M26 25C42 43 60 58 75 76', 'M76 24C59 43 41 59 24 77'],
  ['M24 27C43 42 57 60 77 74', 'M74 25C61 40 40 60 27 76'],
  ['M27 24C40 44 61 57 74 77', 'M77 27C58 41 43 61 25 74'],
];

const RINGS = [
  ['M53 22C37 20 22 34 22 50.5S34.5 78.5 50 78S78.5 65 78 49S66 21.5 47 23.5'],
  ['M48 22.5C33 22.5 22 35 22.5 51S36 78.5 52 78S78.5 64.5 77.5 48.5S63 21 45 24'],
  ['M55 23C39 19.5 23 32 22 48.5S33.5 77.5 49.5 78S78 66.5 78.5 51S67 22.5 50 22'],
];

/** The strokes of a mark in the order they are drawn; neighbours differ a little. */
export function strokesOf(mark: Mark, seed: number): string[] {
  const kinds = mark === 'X' ? CROSSES : RINGS;
  return kinds[(seed * 5 + 1) % kinds.length] ?? [];
}

/** Where a cell stands, as a transform of a drawing in its own 100 × 100. */
export function placed(cell: number, columns: number): string {
  const tilt = ((cell * 37) % 9) - 4;
  return `translate(${(cell % columns) * 100} ${Math.floor(cell / columns) * 100}) rotate(${tilt} 50 50)`;
}

/** The stroke through a winning line, a little longer than from middle to middle and a little bent. */
export function through(line: number[], columns: number): string {
  const [from, to] = [middle(line[0] ?? 0, columns), middle(line.at(-1) ?? 0, columns)];
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = Math.hypot(dx, dy) || 1;
  const [ux, uy] = [dx / length, dy / length];
  const bend = { x: (from.x + to.x) / 2 - uy * 5, y: (from.y + to.y) / 2 + ux * 5 };
  const at = (x: number, y: number) => `${x.toFixed(1)} ${y.toFixed(1)}`;
  return `M${at(from.x - ux * 40, from.y - uy * 40)}Q${at(bend.x, bend.y)} ${at(to.x + ux * 40, to.y + uy * 40)}`;
}

function middle(cell: number, columns: number) {
  return { x: (cell % columns) * 100 + 50, y: Math.floor(cell / columns) * 100 + 50 };
}
