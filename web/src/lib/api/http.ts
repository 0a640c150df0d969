/** The one place that talks to the server: JSON in, JSON or an error out. */
import { Unreachable, problemOf } from './problem';
import { server } from './server-clock';

export interface Ask {
  body?: unknown;
  headers?: Record<string, string>;
  token?: string | null;
  /** Without the cookie: for a session that is not this browser's own any more. */
  bare?: boolean;
  /** How long it may take, where that is more than usual. */
  patienceMs?: number;
}

export interface Reply<T> {
  status: number;
  etag: string | null;
  /** Undefined when there is no body (204, 304). */
  data: T;
}

// A call that hangs this long is as good as lost; every call here may be repeated.
const PATIENCE_MS = 15_000;

export async function send<T>(method: string, path: string, ask: Ask = {}): Promise<Reply<T>> {
  const headers: Record<string, string> = { Accept: 'application/json', ...ask.headers };
  if (ask.body !== undefined) headers['Content-Type'] = 'application/json';
  if (ask.token) headers['Authorization'] = `Bearer ${ask.token}`;
  let response: Response;
  let text = '';
  const asked = Date.now();
  try {
    response = await fetch(path, {
      method,
      headers,
      body: ask.body === undefined ? null : JSON.stringify(ask.body),
      credentials: ask.bare ? 'omit' : 'same-origin',
      cache: 'no-store',
      signal: AbortSignal.timeout(ask.patienceMs ?? PATIENCE_MS),
    });
    server.answered(response.headers.get('Date'), asked);
    if (response.ok) text = await response.text();
  } catch (cause) {
    throw new Unreachable(cause);
  }
  if (!response.ok && response.status !== 304) throw await problemOf(response);
  return {
    status: response.status,
    etag: response.headers.get('ETag'),
    data: (text ? JSON.parse(text) : undefined) as T,
  };
}
