/** What is held about somebody: what happened, and all of it in one file. */
import { session } from './me.svelte';
import type { AuditList } from './types';

export async function happenings(user: string, cursor: string | null): Promise<AuditList> {
  const query = cursor ? `?${new URLSearchParams({ cursor })}` : '';
  return (await session.call<AuditList>('GET', `/users/${user}/audit${query}`)).data;
}

/** All that is held about somebody; of somebody with many games it takes a while. */
export async function exported(user: string): Promise<unknown> {
  return (await session.call<unknown>('GET', `/users/${user}/export`, { patienceMs: 300_000 })).data;
}
