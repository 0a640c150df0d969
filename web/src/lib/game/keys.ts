/** How the keyboard walks over the board. */

const STEPS: Record<string, [row: number, column: number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** The cell `key` leads to from `cell` on a board of so many columns and rows; null when the key does not walk. Edges stop. */
export function walk(cell: number, key: string, columns = 3, rows = columns): number | null {
  const row = Math.floor(cell / columns);
  if (key === 'Home') return row * columns;
  if (key === 'End') return row * columns + columns - 1;
  const step = STEPS[key];
  if (!step) return null;
  const within = (place: number, size: number) => Math.min(Math.max(place, 0), size - 1);
  return within(row + step[0], rows) * columns + within((cell % columns) + step[1], columns);
}
