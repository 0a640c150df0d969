/** What administrators ask: who is here, and what becomes of them. */
import { session } from './me.svelte';
import type { Role, Status, User, UserList } from './types';

export interface Search {
  /** The beginning of a name, or a whole email address. */
  text: string;
  role: '' | Role;
  status: '' | Status;
}

/** An address is asked for in a body: nobody's is written into logs of addresses asked for. */
export async function people({ text, role, status }: Search, cursor: string | null): Promise<UserList> {
  if (text.includes('@')) {
    return (await session.call<UserList>('POST', '/users/search', { body: { email: text.trim() } })).data;
  }
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ username: text.trim(), role, status, cursor })) {
    if (value) query.set(name, value);
  }
  return (await session.call<UserList>('GET', query.size ? `/users?${query}` : '/users')).data;
}

export async function person(id: string): Promise<User> {
  return (await session.call<User>('GET', `/users/${id}`)).data;
}

export async function setStatus(id: string, status: Status): Promise<User> {
  return (await session.call<User>('PUT', `/users/${id}/status`, { body: { status } })).data;
}

export async function setRole(id: string, role: Role): Promise<User> {
  return (await session.call<User>('PUT', `/users/${id}/role`, { body: { role } })).data;
}
