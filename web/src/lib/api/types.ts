/** Short names for the shapes in the OpenAPI document, from which `npm run types` makes `schema.d.ts`. */
import type { components } from './schema';

type Schemas = components['schemas'];

export type Snapshot = Schemas['Snapshot'];
export type Clocks = Schemas['Clocks'];
export type Offer = Schemas['Offer'];
export type OfferKind = Offer['kind'];
export type Time = NonNullable<Snapshot['time']>;
export type NewChallenge = Schemas['ChallengeBody'];
export type Card = Schemas['Card'];
export type User = Schemas['User'];
export type UserList = Schemas['UserList'];
export type Role = Schemas['RoleBody']['role'];
export type Status = Schemas['StatusBody']['status'];
export type Grant = Schemas['GrantBody'];
export type Change = Schemas['ChangeBody'];
export type Registration = Schemas['RegistrationBody'];
export type NewGame = Schemas['GameBody'];
export type Setup = Schemas['Setup'];
export type TotpState = Schemas['State'];
export type Happening = Schemas['AuditEntry'];
export type AuditList = Schemas['AuditList'];
export type Session = Schemas['SessionBody'];
export type SessionList = Schemas['SessionList'];
export type Lobby = Schemas['Lobby'];
export type OpenGame = Schemas['OpenGame'];
export type Profile = Schemas['Profile'];
export type PlayedGame = Schemas['PlayedGame'];
export type Standing = Schemas['Record'];
export type Rating = Schemas['Standing'];
export type Leaderboard = Schemas['Leaderboard'];
export type Against = Leaderboard['against'];
export type GameAnalysis = Schemas['GameAnalysis'];
export type PlyAnalysis = Schemas['PlyAnalysis'];
export type GameList = Schemas['GameList'];
export type Level = Schemas['Computer']['level'];
export type Mark = 'X' | 'O';
