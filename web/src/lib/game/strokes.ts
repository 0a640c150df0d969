/** Pen strokes on a board of 300 × 300, a cell being 100 × 100: nearly straight, as a hand draws. */
import type { Mark } from '../api/types';

export const GRID = [
  'M101 8C98 92 103 196 99 292',
  'M199 10C203 98 197 204 201 290',
  'M9 99C96 103 202 97 291 101',
  'M8 201C102 197 198 203 292 199',
];

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
export function placed(cell: number): string {
  const tilt = ((cell * 37) % 9) - 4;
  return `translate(${(cell % 3) * 100} ${Math.floor(cell / 3) * 100}) rotate(${tilt} 50 50)`;
}

/** The stroke through a winning line, a little longer than from middle to middle and a little bent. */
export function through(line: number[]): string {
  const [from, to] = [middle(line[0] ?? 0), middle(line.at(-1) ?? 0)];
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = Math.hypot(dx, dy) || 1;
  const [ux, uy] = [dx / length, dy / length];
  const bend = { x: (from.x + to.x) / 2 - uy * 5, y: (from.y + to.y) / 2 + ux * 5 };
  const at = (x: number, y: number) => `${x.toFixed(1)} ${y.toFixed(1)}`;
  return `M${at(from.x - ux * 40, from.y - uy * 40)}Q${at(bend.x, bend.y)} ${at(to.x + ux * 40, to.y + uy * 40)}`;
}

function middle(cell: number) {
  return { x: (cell % 3) * 100 + 50, y: Math.floor(cell / 3) * 100 + 50 };
}
