/** Accounts over HTTP. */
import { me, session } from './me.svelte';
import type { Change, Registration, User } from './types';

/** A guest keeps id and games and becomes a member; anybody else gets a new account and is signed in. */
export async function signUp(member: Registration, key: string): Promise<void> {
  if (me.user?.kind === 'guest') {
    me.user = (await session.call<User>('PUT', `/users/${me.user.id}`, { body: member })).data;
    return;
  }
  await session.call('POST', '/users', { body: member, headers: { 'Idempotency-Key': key } });
  await session.signIn(member.username, member.password);
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
