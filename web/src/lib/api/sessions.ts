/** Where somebody is signed in, over HTTP. */
import { session } from './me.svelte';
import type { Session, SessionList } from './types';

export type { Session };

export async function sessionsOf(user: string, cursor: string | null): Promise<SessionList> {
  const query = cursor ? `?${new URLSearchParams({ cursor })}` : '';
  return (await session.call<SessionList>('GET', `/users/${user}/sessions${query}`)).data;
}

export async function endSession(user: string, id: string): Promise<void> {
  await session.call('DELETE', `/users/${user}/sessions/${id}`);
}

/** Ends every session but the one that asks. */
export async function endSessions(user: string): Promise<void> {
  await session.call('DELETE', `/users/${user}/sessions`);
}
