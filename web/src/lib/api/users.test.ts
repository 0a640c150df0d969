import { beforeEach, expect, test, vi } from 'vitest';
import { Problem } from './problem';
import type { User } from './types';

let api: typeof import('./users');
let me: typeof import('./me.svelte').me;
let calls: string[];
let refused: string;

const guest: User = {
  id: 'g', username: 'guest-1', email: null, email_verified: false, pending_email: null, kind: 'guest',
  role: 'player', status: 'active', created_at: '', updated_at: '', version: 1,
};
const ada: User = { ...guest, username: 'Ada', email: 'ada@example.org', kind: 'member' };
const wanted = { username: 'Ada', email: 'ada@example.org', password: 'secret' };

beforeEach(async () => {
  calls = [];
  refused = '';
  vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined, removeItem: () => undefined });
  vi.stubGlobal('addEventListener', () => undefined);
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    calls.push(`${init.method} ${path}`);
    if (path === '/login' && refused) return new Response(JSON.stringify({ type: `/problems/${refused}` }), { status: 409 });
    return new Response(JSON.stringify(path === '/login' ? { access_token: 't', expires_in: 600, user: ada } : ada));
  });
  api = await import('./users');
  ({ me } = await import('./me.svelte'));
  me.user = null;
});

test('who comes as nobody gets an account and is signed in', async () => {
  await api.signUp(wanted, 'k');
  expect(calls).toEqual(['POST /users', 'POST /login']);
  expect(me.user).toEqual(ada);
});

test('a guest becomes a member and is signed in as one', async () => {
  me.user = guest;
  await api.signUp(wanted, 'k');
  expect(calls.slice(0, 2)).toEqual(['PUT /users/g', 'POST /login']);
  expect(me.user).toEqual(ada);
});

test.each([
  ['nobody', null, null],
  ['a guest', guest, ada],
])('where the email has to be confirmed first that is said, and %s stays who they are now', async (_, before, after) => {
  me.user = before;
  refused = 'email-not-verified';
  await expect(api.signUp(wanted, 'k')).rejects.toBeInstanceOf(Problem);
  expect(me.user).toEqual(after);
});
