/**
 * Who is signed in. The access token lives here, in memory, and nowhere else; the refresh token
 * is a cookie no script can read.
 */
import { send, type Ask, type Reply } from './http';
import { Problem } from './problem';
import type { Grant, User } from './types';

/** Refresh this long before the token ends, so that none expires on its way to the server. */
const MARGIN_MS = 60_000;

/** Remembers across visits that there may be a cookie: asking without one would be a wasted 401. */
export interface Hint {
  get(): boolean;
  set(present: boolean): void;
}

export class SessionKeeper {
  private token: string | null = null;
  private endsAt = 0;
  private running: Promise<boolean> | null = null;
  private guest: Promise<void> | null = null;

  constructor(
    private readonly hint: Hint,
    /** Called with every change of the person, null when nobody is signed in any more. */
    private readonly changed: (user: User | null) => void,
    private readonly now: () => number = Date.now,
  ) {}

  /** Takes up the session of an earlier visit; false when there is none. */
  async resume(): Promise<boolean> {
    return this.hint.get() ? this.refresh() : false;
  }

  async signIn(username: string, password: string): Promise<void> {
    await this.take(send<Grant>('POST', '/login', { body: { username, password, cookie: true } }));
  }

  /** Goes on where `signIn` was refused for want of a second factor. */
  async secondStep(mfa_token: string, code: string): Promise<void> {
    await this.take(send<Grant>('POST', '/login/mfa', { body: { mfa_token, code, cookie: true } }));
  }

  /** Makes a guest account unless somebody is signed in; calls at the same time make only one. */
  async ensure(): Promise<void> {
    if (this.token || (await this.resume())) return;
    this.guest ??= send<Grant>('POST', '/guests', { body: { cookie: true } })
      .then((reply) => this.begin(reply.data))
      .finally(() => (this.guest = null));
    await this.guest;
  }

  async signOut(everywhere = false): Promise<void> {
    try {
      await this.call('POST', everywhere ? '/logout?all=true' : '/logout');
    } catch (error) {
      // 401: the session had ended already, which is what was wanted.
      if (!(error instanceof Problem && error.status === 401)) throw error;
    }
    this.end();
  }

  /** Forgets the session on this side; for when the account or session is gone on the other. */
  end(): void {
    this.token = null;
    this.hint.set(false);
    this.changed(null);
  }

  /** A call in the name of whoever is signed in, or of nobody. */
  async call<T>(method: string, path: string, ask: Ask = {}): Promise<Reply<T>> {
    if (this.token && this.now() > this.endsAt - MARGIN_MS) await this.refresh();
    const used = this.token;
    try {
      return await send<T>(method, path, { ...ask, token: used });
    } catch (error) {
      if (!used || !tokenEnded(error)) throw error;
      // Another call may have refreshed meanwhile; then its token is worth a try.
      if (this.token === used && !(await this.refresh())) throw error;
      return send<T>(method, path, { ...ask, token: this.token });
    }
  }

  /** One refresh at a time; false when the session is over, an exception when nobody can say. */
  private refresh(): Promise<boolean> {
    this.running ??= this.renew().finally(() => (this.running = null));
    return this.running;
  }

  private async renew(): Promise<boolean> {
    try {
      this.begin((await send<Grant>('POST', '/token', { body: { cookie: true } })).data);
      return true;
    } catch (error) {
      if (!(error instanceof Problem) || error.passes || error.status >= 500) throw error;
      this.end();
      return false;
    }
  }

  /** Signs in anew; a session this replaces is ended, or it would stay open with nobody to close it. */
  private async take(asked: Promise<Reply<Grant>>): Promise<void> {
    const before = this.token;
    this.begin((await asked).data);
    if (before) await send('POST', '/logout', { token: before, bare: true }).catch(() => undefined);
  }

  private begin(grant: Grant): void {
    this.token = grant.access_token;
    this.endsAt = this.now() + grant.expires_in * 1000;
    this.hint.set(true);
    this.changed(grant.user);
  }
}

/** 401 has two meanings: the token is no good, or (RFC 9470) the sign-in is too old for what was asked. */
export function tooOld(error: unknown): boolean {
  return error instanceof Problem && error.slug === 'insufficient-user-authentication';
}

/** With what the second step of a sign-in is taken, where one is wanted. */
export function secondStepOf(error: unknown): string | null {
  return error instanceof Problem && error.slug === 'mfa-required' ? (error.mfaToken ?? null) : null;
}

function tokenEnded(error: unknown): boolean {
  return error instanceof Problem && error.status === 401 && !tooOld(error);
}
