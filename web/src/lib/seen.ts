/** Looking again and again, as long as somebody sees what is found. */
import { backoff } from './api/patience';

/** Looks now, and so many milliseconds after each look; less often while looking fails. Returns what ends it. */
export function whileSeen(look: () => Promise<unknown>, everyMs: number): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let looking = false;
  let stopped = false;

  async function again(): Promise<void> {
    if (looking || stopped || document.hidden) return;
    looking = true;
    clearTimeout(timer);
    try {
      await look();
      failures = 0;
    } catch {
      failures += 1;
    } finally {
      looking = false;
    }
    if (!stopped) timer = setTimeout(again, failures ? Math.max(backoff(failures), everyMs) : everyMs);
  }

  document.addEventListener('visibilitychange', again);
  addEventListener('online', again);
  void again();
  return () => {
    stopped = true;
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', again);
    removeEventListener('online', again);
  };
}
