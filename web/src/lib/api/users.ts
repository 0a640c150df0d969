/** Accounts over HTTP. */
import { me, session } from './me.svelte';
import type { Change, Registration, User } from './types';

/**
 * A guest keeps id and games and becomes a member; anybody else gets a new account. Both sign in then: a guest's session
 * would do, but may end soon where an email has to be confirmed first, and only signing in tells.
 */
export async function signUp(member: Registration, key: string): Promise<void> {
  const guest = me.user?.kind === 'guest' ? me.user : null;
  const became = guest && (await session.call<User>('PUT', `/users/${guest.id}`, { body: member })).data;
  if (!guest) await session.call('POST', '/users', { body: member, headers: { 'Idempotency-Key': key } });
  try {
    await session.signIn(member.username, member.password);
  } catch (error) {
    me.user = became;
    throw error;
  }
}

export async function changeUser(id: string, body: Change): Promise<void> {
  me.user = (await session.call<User>('PUT', `/users/${id}`, { body })).data;
}

/** Ends every other session. */
export async function changePassword(id: string, current_password: string, new_password: string): Promise<void> {
  await session.call('PUT', `/users/${id}/password`, { body: { current_password, new_password } });
}

export async function deleteAccount(id: string): Promise<void> {
  await session.call('DELETE', `/users/${id}`);
  session.end();
}
