/** The shapes of the HTTP contract this page reads; the names follow the OpenAPI document. */

export type Mark = 'X' | 'O';

export interface Card {
  id: string | null;
  username: string;
  kind: 'guest' | 'member' | 'computer' | 'deleted';
  rating?: number | null;
}

export interface Snapshot {
  id: string;
  user_id: string | null;
  opponent_id: string | null;
  players: { X: Card | null; O: Card | null };
  variant: string;
  moves: number[];
  board: (Mark | null)[];
  ply: number;
  pos: number;
  seq: number;
  turn: Mark | null;
  status: 'open' | 'playing' | 'finished' | 'aborted';
  result: Mark | 'draw' | null;
  reason: string | null;
  line: number[] | null;
  created_at: string;
  updated_at: string;
  invite_url?: string | null;
}

export interface User {
  id: string;
  username: string;
  email?: string | null;
  email_verified?: boolean;
  pending_email?: string | null;
  kind: 'guest' | 'member' | 'computer';
  created_at: string;
}

export interface Session {
  access_token: string;
  expires_in: number;
  user: User;
}

export interface Page<T> {
  items: T[];
  next: string | null;
}

export interface Opponent {
  kind: 'anyone' | 'invite' | 'user' | 'computer';
  username?: string;
  level?: number;
}

export interface NewGame {
  opponent: Opponent;
  mark: Mark | 'random';
  variant: 'classic';
}
