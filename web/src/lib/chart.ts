/** A rating's way as a line to be drawn. */
import type { Rating } from './api/types';

const MARGIN = 8;
/** Smaller differences than this are not blown up to the whole height. */
const LEAST_RANGE = 40;

export interface Chart {
  path: string;
  first: number;
  least: number;
  most: number;
}

/** Null where there is no line: it takes two games. */
export function pointsOf(history: Rating['history'], width: number, height: number): Chart | null {
  const ratings = history.map(({ rating }) => rating);
  const [first] = ratings;
  if (first === undefined || ratings.length < 2) return null;
  const [least, most] = [Math.min(...ratings), Math.max(...ratings)];
  const range = Math.max(most - least, LEAST_RANGE);
  const middle = (least + most) / 2;
  const x = (n: number) => (n / (ratings.length - 1)) * width;
  const y = (rating: number) => height / 2 - ((rating - middle) / range) * (height - 2 * MARGIN);
  const path = ratings.map((rating, n) => `${n ? 'L' : 'M'}${x(n).toFixed(1)} ${y(rating).toFixed(1)}`).join('');
  return { path, first, least, most };
}
