/** Whose email has to be confirmed first: what the screen that takes the code is handed, in memory alone and only once. */
import { Problem } from './api/problem';
import { go } from './router.svelte';

export interface Handed {
  email: string;
  /** With what to sign in once it is confirmed. */
  signIn?: { username: string; password: string };
}

let handed: Handed | null = null;

/** Leads to where the code is typed, if that is what a sign-in was refused for; returns whether it was. */
export function confirmFirst(error: unknown, given: Handed): boolean {
  if (!(error instanceof Problem && error.slug === 'email-not-verified')) return false;
  hand(given);
  go('/verify');
  return true;
}

export function hand(given: Handed): void {
  handed = given;
}

export function taken(): Handed | null {
  const given = handed;
  handed = null;
  return given;
}
