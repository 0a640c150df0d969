import { beforeEach, expect, test, vi } from 'vitest';
import { Problem } from './api/problem';

let confirming: typeof import('./confirming');
let shown: string[];

const ada = { email: 'ada@example.org', signIn: { username: 'Ada', password: 'secret' } };

beforeEach(async () => {
  shown = [];
  vi.stubGlobal('location', { pathname: '/settings', hash: '' });
  vi.stubGlobal('history', { pushState: (_: unknown, __: string, path: string) => shown.push(path) });
  confirming = await import('./confirming');
  confirming.taken();
});

test('who has to confirm their email first is led there, and what they gave is handed over once', () => {
  const refused = new Problem(409, { type: '/problems/email-not-verified' });
  expect(confirming.confirmFirst(refused, ada)).toBe(true);
  expect(shown).toEqual(['/verify']);
  expect([confirming.taken(), confirming.taken()]).toEqual([ada, null]);
});

test('any other trouble leads nowhere, and keeps no password', () => {
  for (const trouble of [new Problem(401, { type: '/problems/login-failed' }), new TypeError()]) {
    expect(confirming.confirmFirst(trouble, ada)).toBe(false);
  }
  expect(shown).toEqual([]);
  expect(confirming.taken()).toBeNull();
});
