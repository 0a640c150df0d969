/** What can go wrong with a call: the server said no (Problem), or nobody answered (Unreachable). */
import type { Snapshot } from './types';

export interface FieldError {
  pointer: string;
  code: string;
  detail?: string;
}

interface Body {
  type?: string;
  status?: number;
  title?: string;
  detail?: string;
  errors?: FieldError[];
  game?: Snapshot;
  mfa_token?: string;
  again_at?: string;
}

/** An answer by the server that is not a success, as RFC 9457 describes it. */
export class Problem extends Error {
  readonly slug: string;
  readonly errors: FieldError[];
  readonly game: Snapshot | undefined;
  readonly mfaToken: string | undefined;
  /** From when on the same thing may be asked for again. */
  readonly againAt: string | undefined;

  constructor(
    readonly status: number,
    body: Body = {},
    readonly retryAfter: number | null = null,
  ) {
    super(body.title ?? `The server answered ${status}`);
    this.slug = body.type?.split('/').pop() ?? '';
    this.errors = body.errors ?? [];
    this.game = body.game;
    this.mfaToken = body.mfa_token;
    this.againAt = body.again_at;
  }

  /** Whether the same call may well succeed a little later. */
  get passes(): boolean {
    return this.status === 429 || this.status === 502 || this.status === 503 || this.status === 504;
  }
}

/** No answer at all: offline, server gone, connection cut. */
export class Unreachable extends Error {
  constructor(cause?: unknown) {
    super('The server could not be reached', { cause });
  }
}

export async function problemOf(response: Response): Promise<Problem> {
  let body: Body = {};
  try {
    const parsed: unknown = await response.json();
    if (parsed && typeof parsed === 'object') body = parsed;
  } catch {
    // A proxy on the way may answer in HTML; the status alone is enough then.
  }
  const after = Number(response.headers.get('Retry-After') ?? NaN);
  return new Problem(response.status, body, Number.isFinite(after) ? after : null);
}
