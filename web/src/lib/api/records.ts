/** What is held about somebody: what happened, and all of it in one file. */
import { session } from './me.svelte';
import type { AuditList } from './types';

export async function happenings(user: string, cursor: string | null): Promise<AuditList> {
  const query = cursor ? `?${new URLSearchParams({ cursor })}` : '';
  return (await session.call<AuditList>('GET', `/users/${user}/audit${query}`)).data;
}

