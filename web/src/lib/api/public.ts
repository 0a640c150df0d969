/** What everybody may see, signed in or not. Everything here may be repeated. */
import { send } from './http';
import type { Against, Leaderboard, Lobby, Profile } from './types';

export interface Look {
  /** Null when nothing has changed since `etag`. */
  lobby: Lobby | null;
  etag: string | null;
}

export async function lookAround(etag: string | null): Promise<Look> {
  const reply = await send<Lobby | undefined>('GET', '/lobby', { bare: true, ...(etag ? { headers: { 'If-None-Match': etag } } : {}) });
  return { lobby: reply.data ?? null, etag: reply.etag };
}

export async function profileOf(name: string): Promise<Profile> {
  return (await send<Profile>('GET', `/players/${encodeURIComponent(name)}`, { bare: true })).data;
}

export async function leaderboard(variant: string, against: Against): Promise<Leaderboard> {
  return (await send<Leaderboard>('GET', `/leaderboards/${variant}?${new URLSearchParams({ against })}`, { bare: true })).data;
}
