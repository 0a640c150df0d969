/** Who waits for an opponent. */
import { session } from './me.svelte';
import type { Snapshot } from './types';

interface Lobby {
  open?: Snapshot[];
  /** Parts of the answer that could not be had just now. */
  partial?: string[];
}

/** Open games anybody may join; null when the lobby itself cannot say just now. */
export async function whoWaits(): Promise<Snapshot[] | null> {
  const { data } = await session.call<Lobby>('GET', '/lobby');
  return data.partial?.includes('games') ? null : (data.open ?? []);
}
