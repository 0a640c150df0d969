/** How the keyboard walks over the board. */

const STEPS: Record<string, [row: number, column: number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** The cell `key` leads to from `cell` on a board of `size` × `size`; null when the key does not walk. Edges stop. */
export function walk(cell: number, key: string, size = 3): number | null {
  const row = Math.floor(cell / size);
  if (key === 'Home') return row * size;
  if (key === 'End') return row * size + size - 1;
  const step = STEPS[key];
  if (!step) return null;
  const within = (place: number) => Math.min(Math.max(place, 0), size - 1);
  return within(row + step[0]) * size + within((cell % size) + step[1]);
}
