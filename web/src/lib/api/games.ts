/** Games over HTTP. Everything here may be repeated. */
import { session } from './me.svelte';
import type { GameList, NewGame, Snapshot } from './types';

export async function startGame(game: NewGame, key: string): Promise<Snapshot> {
  return (await session.call<Snapshot>('POST', '/games', { body: game, headers: { 'Idempotency-Key': key } })).data;
}

export async function joinGame(id: string, invite: string | null): Promise<Snapshot> {
  return (await session.call<Snapshot>('POST', `/games/${id}/join`, { body: invite ? { invite } : {} })).data;
}

export interface Fetched {
  /** Null when nothing has changed since `etag`. */
  game: Snapshot | null;
  etag: string | null;
}

export async function fetchGame(id: string, etag: string | null = null): Promise<Fetched> {
  const reply = await session.call<Snapshot | undefined>('GET', `/games/${id}`, etag ? { headers: { 'If-None-Match': etag } } : {});
  return { game: reply.data ?? null, etag: reply.etag ?? etag };
}

export async function playMove(id: string, ply: number, cell: number): Promise<Snapshot> {
  return (await session.call<Snapshot>('POST', `/games/${id}/moves`, { body: { ply, cell } })).data;
}

export async function resignGame(id: string): Promise<Snapshot> {
  return (await session.call<Snapshot>('POST', `/games/${id}/resign`)).data;
}

export async function gamesOf(player: string, cursor: string | null): Promise<GameList> {
  const query = new URLSearchParams({ player, limit: '10', ...(cursor ? { cursor } : {}) });
  return (await session.call<GameList>('GET', `/games?${query}`)).data;
}
