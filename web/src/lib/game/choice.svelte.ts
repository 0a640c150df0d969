/** What one would like to play; kept while the page is open. */
import { me } from '../api/me.svelte';
import type { Level, Mark, NewGame } from '../api/types';
import { TIMES } from './clock';

export const choice = $state<{ level: Level; mark: Mark; variant: string; time: string; rated: boolean }>({
  level: 1,
  mark: 'X',
  variant: 'classic',
  time: 'none',
  rated: false,
});

/** With which mark one may wish to play a person. */
export type Side = Mark | 'random';
export const SIDES: readonly { value: Side; text: string }[] = [
  { value: 'random', text: 'Either' },
  { value: 'X', text: 'X' },
  { value: 'O', text: 'O' },
];

/** The part of a wish that does not depend on the opponent; only members may have a rating. */
export function wanted(rated = choice.rated && me.user?.kind === 'member'): Required<Pick<NewGame, 'variant' | 'time' | 'rated'>> {
  const time = TIMES.find(({ value }) => value === choice.time)?.time ?? null;
  return { variant: choice.variant, time, rated };
}

/** The games in which one waits for anybody at all, begun in this tab: leaving the board ends such a wait. */
export const waits = new Set<string>();
