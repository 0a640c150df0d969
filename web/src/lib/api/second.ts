/** The second step of signing in, over HTTP. */
import { session } from './me.svelte';
import type { Setup, TotpState } from './types';

export async function totpOf(user: string): Promise<TotpState> {
  return (await session.call<TotpState>('GET', `/users/${user}/totp`)).data;
}

export async function startTotp(user: string, current_password?: string): Promise<Setup> {
  return (await session.call<Setup>('POST', `/users/${user}/totp`, { body: { current_password } })).data;
}

/** Turns it on, and returns the recovery codes, for this once; there may be none. */
export async function confirmTotp(user: string, code: string): Promise<string[]> {
  return (await session.call<{ recovery_codes: string[] }>('POST', `/users/${user}/totp/confirm`, { body: { code } })).data.recovery_codes;
}

export async function removeTotp(user: string): Promise<void> {
  await session.call('DELETE', `/users/${user}/totp`);
}
