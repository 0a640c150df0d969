/** The boards there are: three by three, and so many in a row on any other. */

export interface Shape {
  columns: number;
  rows: number;
  /** How many in a row. */
  length: number;
}

const NUMBERS = ['', '', '', 'three', 'four', 'five', 'six', 'seven'];

/** Those one may choose on the page; games on any other board can be opened, too. */
export const VARIANTS: readonly { value: string; text: string }[] = ['classic', 'misere', '4x4x4', '5x5x4', '7x7x5', '15x15x5'].map(
  (value) => ({ value, text: nameOfVariant(value) }),
);

export function shapeOf(variant: string): Shape {
  const [columns, rows, length] = (/^(\d+)x(\d+)x(\d+)$/.exec(variant)?.slice(1) ?? [3, 3, 3]).map(Number);
  return { columns: columns ?? 3, rows: rows ?? 3, length: length ?? 3 };
}

/** "Classic", "5 × 5, four in a row". */
export function nameOfVariant(variant: string): string {
  if (variant === 'classic') return 'Classic';
  if (variant === 'misere') return 'Misère: three in a row loses';
  const { columns, rows, length } = shapeOf(variant);
  return `${columns} × ${rows}, ${NUMBERS[length] ?? length} in a row`;
}
