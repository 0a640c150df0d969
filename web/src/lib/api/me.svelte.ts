/** The person at this page, as every part of it sees them. */
import { SessionKeeper } from './session';
import type { User } from './types';

const HINT = 'noughts.signed-in';

const hint = {
  get: () => localStorage.getItem(HINT) !== null,
  set: (present: boolean) => (present ? localStorage.setItem(HINT, '1') : localStorage.removeItem(HINT)),
};

export const me = $state<{ user: User | null; known: boolean }>({ user: null, known: false });

export const session = new SessionKeeper(hint, (user) => {
  me.user = user;
  me.known = true;
});

/** Settles who is here; a server that cannot be reached counts as nobody for now. */
export async function arrive(): Promise<void> {
  try {
    await session.resume();
  } finally {
    me.known = true;
  }
}

// Signing out in one tab signs out the others as well.
addEventListener('storage', (event) => {
  if (event.key === HINT && event.newValue === null && me.user) session.end();
});
