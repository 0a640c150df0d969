/** Games over HTTP. Everything here may be repeated. */
import { session } from './me.svelte';
import { Problem } from './problem';
import type { GameAnalysis, GameList, NewChallenge, NewGame, OfferKind, Snapshot } from './types';

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

export async function playMove(id: string, ply: number, cell: number, pos: number): Promise<Snapshot> {
  return (await session.call<Snapshot>('POST', `/games/${id}/moves`, { body: { ply, cell, pos } })).data;
}

/** Gives up, calls off, or claims what an opponent who is gone has left. */
export async function endGame(id: string, how: 'resign' | 'abort' | 'claim'): Promise<Snapshot> {
  return (await session.call<Snapshot>('POST', `/games/${id}/${how}`)).data;
}

export async function makeOffer(id: string, kind: OfferKind): Promise<Snapshot> {
  return (await session.call<Snapshot>('POST', `/games/${id}/offers`, { body: { kind } })).data;
}

export async function answerOffer(id: string, offer: string, answer: 'accept' | 'decline'): Promise<Snapshot> {
  return (await session.call<Snapshot>('POST', `/games/${id}/offers/${offer}/${answer}`)).data;
}

export async function challenge(wanted: NewChallenge, key: string): Promise<Snapshot> {
  return (await session.call<Snapshot>('POST', '/challenges', { body: wanted, headers: { 'Idempotency-Key': key } })).data;
}

export async function answerChallenge(id: string, answer: 'accept' | 'decline'): Promise<Snapshot> {
  return (await session.call<Snapshot>('POST', `/challenges/${id}/${answer}`)).data;
}

/** What each move of a finished game was worth; null where nobody can say. */
export async function analysisOf(id: string): Promise<GameAnalysis | null> {
  try {
    return (await session.call<GameAnalysis>('GET', `/games/${id}/analysis`)).data;
  } catch (error) {
    if (error instanceof Problem) return null;
    throw error;
  }
}

/** Good for one live connection, for half a minute. */
export async function liveTicket(): Promise<string> {
  return (await session.call<{ ticket: string }>('POST', '/live/tickets')).data.ticket;
}

export async function gamesOf(player: string, cursor: string | null): Promise<GameList> {
  const query = new URLSearchParams({ player, limit: '10', ...(cursor ? { cursor } : {}) });
  return (await session.call<GameList>('GET', `/games?${query}`)).data;
}
