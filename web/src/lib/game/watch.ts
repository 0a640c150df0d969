/** Looking after a game until told to stop: often while somebody else moves, seldom while nobody looks. */
import { fetchGame } from '../api/games';
import { backoff, isLost } from '../api/patience';
import { Problem } from '../api/problem';
import type { Snapshot } from '../api/types';

const HIDDEN_MS = 10_000;

export interface Watcher {
  /** Milliseconds until the next look, given those since the last news; null while there is nothing to wait for. */
  pace(looks: number): number | null;
  seen(game: Snapshot): void;
  lost(lost: boolean): void;
  /** The game is not to be had any more (404, 403, signed out). */
  gone(error: Problem): void;
}

/** Ready to watch: `expect` begins, `stop` ends. */
export function watch(id: string, watcher: Watcher) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let etag: string | null = null;
  let failures = 0;
  let looks = 0;
  let looking = false;
  let stopped = false;

  function plan(): void {
    clearTimeout(timer);
    const pace = failures ? backoff(failures) : watcher.pace(looks);
    if (stopped || pace === null) return;
    timer = setTimeout(look, document.hidden ? Math.max(pace, HIDDEN_MS) : pace);
  }

  async function look(): Promise<void> {
    if (looking || stopped) return;
    looking = true;
    looks += 1;
    try {
      const fetched = await fetchGame(id, etag);
      etag = fetched.etag;
      failures = 0;
      if (stopped) return;
      watcher.lost(false);
      if (fetched.game) {
        looks = 0;
        watcher.seen(fetched.game);
      }
    } catch (error) {
      if (stopped) return;
      if (!isLost(error) && error instanceof Problem) {
        stopped = true;
        return watcher.gone(error);
      }
      failures += 1;
      watcher.lost(true);
    } finally {
      looking = false;
      plan();
    }
  }

  const shown = () => (document.hidden ? undefined : watcher.pace(0) !== null && void look());
  document.addEventListener('visibilitychange', shown);
  addEventListener('online', shown);

  return {
    /** Something is expected soon: look as often as at first. */
    expect(): void {
      looks = 0;
      plan();
    },
    /** Looks now, whatever the pace. */
    look: () => void look(),
    stop(): void {
      stopped = true;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', shown);
      removeEventListener('online', shown);
    },
  };
}
