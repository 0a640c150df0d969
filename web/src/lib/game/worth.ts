/** What a move was worth, in words. */
import type { GameAnalysis, PlyAnalysis } from '../api/types';
import { placeOf } from './words';

const KEPT: Record<number, string> = { 1: 'keeps the win', 0: 'keeps the draw', [-1]: 'was lost already' };
const NOW: Record<number, string> = { 0: 'it is a draw now', [-1]: 'it is lost now' };
const MOST_BETTER = 3;

/** The move that led to `ply`, as far as it was looked at. */
export function worthAt(analysis: GameAnalysis | null, ply: number): PlyAnalysis | null {
  return analysis?.plies.find((one) => one.ply === ply - 1) ?? null;
}

/** "X, centre: keeps the draw." */
export function sayWorth(move: PlyAnalysis, variant: string): string {
  const what = `${move.mark}, ${placeOf(move.cell, variant)}`;
  if (move.kept === null || move.before === null) return `${what}.`;
  if (move.kept) return `${what}: ${KEPT[move.before] ?? ''}.`;
  const given = move.before === 1 ? 'gives the win away' : 'gives the draw away';
  const now = move.after === null ? '' : `, ${NOW[move.after] ?? ''}`;
  return `${what}: ${given}${now}.${better(move, variant)}`;
}

function better({ best }: PlyAnalysis, variant: string): string {
  if (!best.length) return '';
  const places = best.slice(0, MOST_BETTER).map((cell) => placeOf(cell, variant));
  return ` Better: ${places.join(' or ')}${best.length > MOST_BETTER ? ', among others' : ''}.`;
}

/** After which moves something was given away. */
export function mistakes(analysis: GameAnalysis | null): number[] {
  return analysis?.plies.filter(({ kept }) => kept === false).map(({ ply }) => ply + 1) ?? [];
}
