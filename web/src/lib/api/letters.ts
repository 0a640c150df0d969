/** What one asks for and answers by mail: a confirmed address, a new password. */
import { me, session } from './me.svelte';
import { send } from './http';
import type { User } from './types';

/** What a letter brings: its link's token, or the address it went to and the code in it. */
export type Key = { token: string } | { email: string; code: string };

export async function recover(email: string): Promise<void> {
  await send('POST', '/recovery', { body: { email } });
}

export async function setPassword(key: Key, new_password: string): Promise<void> {
  await send('POST', '/recovery/confirm', { body: { ...key, new_password } });
  // Every session ended with it, the one here included if it was the same person's.
  if (me.user && me.user.kind !== 'guest') session.end();
}

export async function verify(key: Key): Promise<void> {
  await send('POST', '/email/verify', { body: key });
  if (!me.user) return;
  // Taking a change back signs everybody out, and then there is nothing to read: it was done all the same.
  const now = await session.call<User>('GET', '/users/me').catch(() => null);
  if (now) me.user = now.data;
}

/** Sends the letter that confirms an address once more. */
export async function sendAgain(id: string): Promise<void> {
  await session.call('POST', `/users/${id}/verification`);
}

/** The digits of a code, however they were copied. */
export function digits(code: string): string {
  return code.replace(/[\s-]/g, '');
}
