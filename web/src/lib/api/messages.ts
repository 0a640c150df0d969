/** What is said over a live connection, as `GET /live` speaks it: each direction is one closed type. */
import type { Clocks, Mark, Offer, Snapshot } from './types';

/** Raise a game's `seq` by one, except `snapshot`, which sets it. */
export type GameEvent =
  | {
      t: 'move'; game: string; seq: number; ply: number; cell: number; mark: Mark; pos: number; turn: Mark | null;
      status: Snapshot['status']; result: Snapshot['result']; reason: Snapshot['reason']; line: number[] | null;
      deadline: string | null; clocks: Clocks | null; next: string | null; series?: Snapshot['series'];
    }
  | { t: 'offer'; game: string; seq: number; offers: Offer[] }
  | {
      t: 'finished'; game: string; seq: number; status: Snapshot['status']; result: Snapshot['result'];
      reason: Snapshot['reason']; clocks?: Clocks | null; next: string | null; series?: Snapshot['series'];
    }
  | { t: 'snapshot'; game: string; seq: number; snapshot: Snapshot };

/** Who looks at a game just now: the players, and how many others. */
export interface Presence {
  t: 'presence';
  game: string;
  X: boolean;
  O: boolean;
  watching: number;
}

/** What is for one person, whatever they look at. */
export type Personal =
  | { t: 'matched'; game: string; instead: string | null }
  | { t: 'challenge'; game: string; by: string | null; status: Snapshot['status'] };

export interface Done {
  t: 'done';
  n: number;
  game: string;
  seq: number;
}

export type Told =
  | GameEvent
  | Presence
  | Personal
  | Done
  | { t: 'refused'; n: number | null; problem: { status: number } }
  | { t: 'restarting' | 'pong' | 'closed' };

export type Said =
  | { t: 'sub'; game: string; since?: number; n: number }
  | { t: 'unsub'; game: string }
  | { t: 'move'; game: string; ply: number; cell: number; pos: number; n: number }
  | { t: 'ping' };
