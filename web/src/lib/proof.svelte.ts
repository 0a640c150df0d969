/**
 * Being sure it is you: where a sign-in is too old for what was asked, sign in again in place and ask once more.
 * The password goes along then: some things take it, however young the sign-in.
 */
import { me, session } from './api/me.svelte';
import { Problem } from './api/problem';
import { secondStepOf, tooOld } from './api/session';

/** What is done, with the password where it was asked for. */
export type Deed = (password?: string) => Promise<void>;

export class Proof {
  /** What is asked for before the action goes on. */
  asked = $state<'' | 'password' | 'code'>('');
  password = $state('');
  code = $state('');
  private token = '';

  /** Does what is wanted; false when it waits for a password or a code, to be called again then. */
  async before(action: Deed): Promise<boolean> {
    if (this.asked && !(await this.give())) return false;
    try {
      await action(this.password || undefined);
    } catch (error) {
      if (!tooOld(error)) throw error;
      this.asked = 'password';
      return false;
    }
    this.forget();
    return true;
  }

  forget(): void {
    this.asked = this.password = this.code = this.token = '';
  }

  /** Whether the sign-in is young now. */
  private async give(): Promise<boolean> {
    try {
      if (this.asked === 'code') await session.secondStep(this.token, this.code);
      else await session.signIn(me.user?.username ?? '', this.password);
      this.asked = this.code = '';
      return true;
    } catch (error) {
      if (error instanceof Problem && error.slug === 'invalid-mfa-token') this.asked = 'password';
      const token = secondStepOf(error);
      if (!token) throw error instanceof Problem && error.slug === 'login-failed' ? wrongPassword(error.status) : error;
      this.token = token;
      this.asked = 'code';
      return false;
    }
  }
}

function wrongPassword(status: number): Problem {
  return new Problem(status, { errors: [{ pointer: '#/proof', code: 'wrong' }] });
}
