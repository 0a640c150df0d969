import { beforeEach, expect, test, vi } from 'vitest';
import { Problem } from './api/problem';

let Proof: typeof import('./proof.svelte').Proof;
let calls: string[];
let young: boolean;
let twoSteps: boolean;

beforeEach(async () => {
  calls = [];
  young = twoSteps = false;
  vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined, removeItem: () => undefined });
  vi.stubGlobal('addEventListener', () => undefined);
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    calls.push(path);
    const given = JSON.parse(String(init.body ?? '{}'));
    const grant = () => {
      young = true;
      return new Response(JSON.stringify({ access_token: 't', expires_in: 600, user: null }));
    };
    if (path === '/login' && given.password !== 'right') return new Response('{"type": "/problems/login-failed"}', { status: 401 });
    if (path === '/login' && twoSteps) return new Response('{"type": "/problems/mfa-required", "mfa_token": "m"}', { status: 401 });
    return grant();
  });
  ({ Proof } = await import('./proof.svelte'));
});

async function deed(): Promise<void> {
  if (!young) throw new Problem(401, { type: '/problems/insufficient-user-authentication' });
}

test('what needs no proof is done at once', async () => {
  young = true;
  expect(await new Proof().before(deed)).toBe(true);
  expect(calls).toEqual([]);
});

test('where the sign-in is too old the password is asked for, and then it is done', async () => {
  const proof = new Proof();
  expect(await proof.before(deed)).toBe(false);
  expect(proof.asked).toBe('password');
  proof.password = 'right';
  expect(await proof.before(deed)).toBe(true);
  expect([proof.asked, proof.password]).toEqual(['', '']);
});

test('a wrong password is said beside its field', async () => {
  const proof = new Proof();
  await proof.before(deed);
  proof.password = 'wrong';
  const error = await proof.before(deed).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ errors: [{ pointer: '#/proof', code: 'wrong' }] });
  expect(proof.asked).toBe('password');
});

test('with two steps the code is asked for as well', async () => {
  twoSteps = true;
  const proof = new Proof();
  await proof.before(deed);
  proof.password = 'right';
  expect(await proof.before(deed)).toBe(false);
  expect(proof.asked).toBe('code');
  proof.code = '123456';
  expect(await proof.before(deed)).toBe(true);
});

test.each([false, true])('the password goes along with what takes it, however young the sign-in (two steps: %s)', async (two) => {
  young = true;
  twoSteps = two;
  const given: (string | undefined)[] = [];
  const takesIt = async (password?: string) => {
    given.push(password);
    if (!password) throw new Problem(401, { type: '/problems/insufficient-user-authentication' });
  };
  const proof = new Proof();
  expect(await proof.before(takesIt)).toBe(false);
  proof.password = 'right';
  if (two) expect(await proof.before(takesIt)).toBe(false);
  proof.code = '123456';
  expect(await proof.before(takesIt)).toBe(true);
  expect(given).toEqual([undefined, 'right']);
  expect([proof.asked, proof.password]).toEqual(['', '']);
});

test('any other trouble is none of its business', async () => {
  const trouble = new Problem(503);
  await expect(new Proof().before(async () => Promise.reject(trouble))).rejects.toBe(trouble);
});
