import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Problem, Unreachable } from './problem';
import { SessionKeeper, secondStepOf, tooOld } from './session';
import type { User } from './types';

const ada: User = {
  id: 'a', username: 'Ada', email: null, email_verified: false, pending_email: null, kind: 'member',
  role: 'player', status: 'active', created_at: '', updated_at: '', version: 1,
};

let asked: { call: string; token: string | null }[];
let answers: Record<string, (() => Response)[]>;
let who: User | null;
let hinted: boolean;
let now: number;
let keeper: SessionKeeper;

function json(status: number, body: unknown): Response {
  return new Response(JSON.stringify(body), { status });
}

const session = (token: string) => () => json(200, { access_token: token, expires_in: 600, user: ada });
const fine = () => json(200, {});
const unauthorized = (slug: string) => () => json(401, { type: `/problems/${slug}`, status: 401 });

beforeEach(() => {
  asked = [];
  answers = {};
  who = null;
  hinted = true;
  now = 0;
  const hint = { get: () => hinted, set: (present: boolean) => void (hinted = present) };
  keeper = new SessionKeeper(hint, (user) => (who = user), () => now);
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    const call = `${init.method} ${path}`;
    asked.push({ call, token: new Headers(init.headers).get('Authorization') });
    const answer = answers[call]?.shift();
    if (!answer) throw new TypeError('nobody there');
    return answer();
  });
});

afterEach(() => vi.unstubAllGlobals());

const calls = () => asked.map(({ call }) => call);

test('a visit is taken up again with the cookie', async () => {
  answers['POST /token'] = [session('t1')];
  expect(await keeper.resume()).toBe(true);
  expect(who).toEqual(ada);
});

test('without a sign of an earlier visit the server is not asked', async () => {
  hinted = false;
  expect(await keeper.resume()).toBe(false);
  expect(asked).toEqual([]);
});

test('a session that has ended is forgotten', async () => {
  answers['POST /token'] = [unauthorized('invalid-refresh-token')];
  expect(await keeper.resume()).toBe(false);
  expect(hinted).toBe(false);
});

test('a server that cannot be reached signs nobody out', async () => {
  await expect(keeper.resume()).rejects.toBeInstanceOf(Unreachable);
  expect(hinted).toBe(true);
});

test('a full server signs nobody out', async () => {
  answers['POST /token'] = [() => json(503, {})];
  await expect(keeper.resume()).rejects.toBeInstanceOf(Problem);
  expect(hinted).toBe(true);
});

test('a token near its end is refreshed before it is used', async () => {
  answers['POST /token'] = [session('t1'), session('t2')];
  answers['GET /games/g'] = [fine];
  await keeper.resume();
  now = 590_000;
  await keeper.call('GET', '/games/g');
  expect(asked.at(-1)).toEqual({ call: 'GET /games/g', token: 'Bearer t2' });
});

test('a refused token is refreshed once and the call repeated', async () => {
  answers['POST /token'] = [session('t1'), session('t2')];
  answers['GET /games/g'] = [unauthorized('invalid-token'), fine];
  await keeper.resume();
  await keeper.call('GET', '/games/g');
  expect(calls()).toEqual(['POST /token', 'GET /games/g', 'POST /token', 'GET /games/g']);
});

test('calls refused together share one refresh', async () => {
  answers['POST /token'] = [session('t1'), session('t2')];
  answers['GET /games/g'] = [unauthorized('invalid-token'), unauthorized('invalid-token'), fine, fine];
  await keeper.resume();
  await Promise.all([keeper.call('GET', '/games/g'), keeper.call('GET', '/games/g')]);
  expect(calls().filter((call) => call === 'POST /token')).toHaveLength(2);
});

test('a sign-in too old for a call is not a token that ended', async () => {
  answers['POST /token'] = [session('t1')];
  answers['DELETE /users/a'] = [unauthorized('insufficient-user-authentication')];
  await keeper.resume();
  const error = await keeper.call('DELETE', '/users/a').catch((caught: unknown) => caught);
  expect(tooOld(error)).toBe(true);
  expect(calls()).toEqual(['POST /token', 'DELETE /users/a']);
});

test('a sign-in that replaces a session ends it, or nobody ever would', async () => {
  answers['POST /token'] = [session('t1')];
  answers['POST /login'] = [session('t2')];
  answers['POST /logout'] = [() => new Response(null, { status: 204 })];
  await keeper.resume();
  await keeper.signIn('Ada', 'secret');
  expect(asked.at(-1)).toEqual({ call: 'POST /logout', token: 'Bearer t1' });
});

test('the second step of a sign-in begins the session', async () => {
  answers['POST /login'] = [() => json(401, { type: '/problems/mfa-required', status: 401, mfa_token: 'm' })];
  answers['POST /login/mfa'] = [session('t1')];
  const error = await keeper.signIn('Ada', 'secret').catch((caught: unknown) => caught);
  expect(who).toBeNull();
  await keeper.secondStep(secondStepOf(error) ?? '', '123456');
  expect(who).toEqual(ada);
});

test('a guest is made once, however many ask', async () => {
  hinted = false;
  answers['POST /guests'] = [session('g1')];
  await Promise.all([keeper.ensure(), keeper.ensure()]);
  expect(calls()).toEqual(['POST /guests']);
});

test('signing out of a session that has ended is no error', async () => {
  answers['POST /token'] = [session('t1'), unauthorized('invalid-token')];
  answers['POST /logout'] = [unauthorized('invalid-token')];
  await keeper.resume();
  await keeper.signOut();
  expect(who).toBeNull();
});
