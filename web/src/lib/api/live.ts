/**
 * The one live connection of this tab: what happens in the games looked at, and moves sent.
 * It comes back by itself, with a new ticket each time; meanwhile whoever listens is told that it is away.
 */
import type { Done, GameEvent, Personal, Presence, Said, Told } from './messages';
import { backoff } from './patience';
import { Problem, Unreachable } from './problem';

const OPENING_MS = 10_000;
const ANSWER_MS = 10_000;
const QUIET_MS = 25_000;
const PONG_MS = 5_000;
/** A connection that lived shorter than this is counted as one that failed. */
const STABLE_MS = 5_000;
const SPREAD_MS = 1_000;

export interface Listener {
  /** The last `seq` known. */
  since(): number | undefined;
  event(event: GameEvent): void;
  presence(presence: Presence): void;
  /** Whether news come over the connection from now on. */
  link(up: boolean): void;
}

interface Asked {
  done(answer: Done): void;
  failed(error: Error): void;
  timer: ReturnType<typeof setTimeout>;
}

/** As much of a WebSocket as is needed here. */
export type Wire = Pick<WebSocket, 'send' | 'close' | 'onopen' | 'onmessage' | 'onclose'>;

function wireTo(ticket: string): Wire {
  return new WebSocket(`${location.origin.replace(/^http/, 'ws')}/live?ticket=${encodeURIComponent(ticket)}`);
}

export class Live {
  private wire: Wire | null = null;
  private up = false;
  private whose: string | null = null;
  /** Counts the attempts, so that what belongs to an earlier one is ignored. */
  private attempt = 0;
  private failures = 0;
  private openedAt = 0;
  private n = 0;
  private next: ReturnType<typeof setTimeout> | undefined;
  private beat: ReturnType<typeof setTimeout> | undefined;
  private readonly games = new Map<string, Listener>();
  private readonly subs = new Map<number, string>();
  private readonly asked = new Map<number, Asked>();
  private readonly people = new Set<(told: Personal) => void>();

  constructor(
    private readonly ticket: () => Promise<string>,
    private readonly open: (ticket: string) => Wire = wireTo,
  ) {}

  /** Connects for somebody, or for nobody any more. */
  belongsTo(user: string | null): void {
    if (user === this.whose) return;
    this.whose = user;
    this.failures = 0;
    this.drop();
    this.plan(0);
  }

  /** Follows a game until told to stop. */
  watch(game: string, listener: Listener): () => void {
    this.games.set(game, listener);
    if (this.up) this.subscribe(game, listener);
    return () => {
      if (this.games.get(game) !== listener) return;
      this.games.delete(game);
      if (this.up) this.say({ t: 'unsub', game });
    };
  }

  /** Asks again what happened in a game: something is missing. */
  again(game: string): void {
    const listener = this.games.get(game);
    if (this.up && listener) this.subscribe(game, listener);
  }

  listen(person: (told: Personal) => void): () => void {
    this.people.add(person);
    return () => this.people.delete(person);
  }

  get isUp(): boolean {
    return this.up;
  }

  /** Sends a move; the promise fails with Unreachable where nobody can say whether it was heard: send it again then. */
  play(game: string, ply: number, cell: number, pos: number): Promise<Done> {
    const n = ++this.n;
    return new Promise((done, failed) => {
      if (!this.up) return failed(new Unreachable());
      const timer = setTimeout(() => this.settle(n)?.failed(new Unreachable()), ANSWER_MS);
      this.asked.set(n, { done, failed, timer });
      this.say({ t: 'move', game, ply, cell, pos, n });
    });
  }

  /** The network is there again, or somebody looks again: find out at once how things stand. */
  readonly look = (): void => {
    if (this.up) this.ping();
    else if (!this.wire) this.plan(0);
  };

  /** The network is gone; a connection would notice only much later. */
  readonly offline = (): void => {
    this.drop();
    this.plan();
  };

  private plan(ms: number = backoff(++this.failures)): void {
    clearTimeout(this.next);
    if (this.whose !== null) this.next = setTimeout(() => void this.connect(), ms);
  }

  private async connect(): Promise<void> {
    const attempt = ++this.attempt;
    const current = () => attempt === this.attempt;
    try {
      const ticket = await this.ticket();
      if (current()) this.begin(this.open(ticket), current);
    } catch (error) {
      if (!current()) return;
      // Signed out, or no live connections here: whoever listens looks for news in other ways.
      if (error instanceof Problem && !error.passes && error.status < 500) return;
      this.plan(error instanceof Problem && error.retryAfter ? error.retryAfter * 1000 : undefined);
    }
  }

  private begin(wire: Wire, current: () => boolean): void {
    this.wire = wire;
    this.next = setTimeout(() => current() && this.lost(), OPENING_MS);
    wire.onopen = () => current() && this.opened();
    wire.onmessage = ({ data }: MessageEvent) => current() && this.hear(JSON.parse(String(data)) as Told);
    wire.onclose = () => current() && this.lost();
  }

  private opened(): void {
    clearTimeout(this.next);
    this.up = true;
    this.openedAt = Date.now();
    this.quiet();
    for (const [game, listener] of this.games) this.subscribe(game, listener);
  }

  private lost(): void {
    if (this.up && Date.now() - this.openedAt > STABLE_MS) this.failures = 0;
    this.drop();
    this.plan();
  }

  /** Forgets the connection; whoever waits for an answer over it is told. */
  private drop(): void {
    this.attempt += 1;
    clearTimeout(this.next);
    clearTimeout(this.beat);
    const [wire, wasUp] = [this.wire, this.up];
    this.wire = null;
    this.up = false;
    this.subs.clear();
    wire?.close();
    for (const n of [...this.asked.keys()]) this.settle(n)?.failed(new Unreachable());
    if (wasUp) for (const listener of this.games.values()) listener.link(false);
  }

  private hear(told: Told): void {
    this.quiet();
    switch (told.t) {
      case 'move':
      case 'offer':
      case 'finished':
      case 'snapshot':
        return this.games.get(told.game)?.event(told);
      case 'presence':
        return this.games.get(told.game)?.presence(told);
      case 'matched':
      case 'challenge':
        return this.people.forEach((person) => person(told));
      case 'done':
        return this.settle(told.n)?.done(told);
      case 'refused':
        return this.refused(told.n ?? 0, new Problem(told.problem.status, told.problem));
      case 'restarting':
        return this.move();
    }
  }

  /** The server is about to leave: look for another, not all at the same moment. */
  private move(): void {
    this.drop();
    this.plan(Math.random() * SPREAD_MS);
  }

  private refused(n: number, problem: Problem): void {
    const game = this.subs.get(n);
    if (game) this.games.get(game)?.link(false);
    else this.settle(n)?.failed(problem);
  }

  private settle(n: number): Asked | undefined {
    const asked = this.asked.get(n);
    if (asked) clearTimeout(asked.timer);
    this.asked.delete(n);
    return asked;
  }

  private subscribe(game: string, listener: Listener): void {
    const since = listener.since();
    const n = ++this.n;
    this.subs.set(n, game);
    this.say({ t: 'sub', game, n, ...(since === undefined ? {} : { since }) });
    listener.link(true);
  }

  private quiet(): void {
    clearTimeout(this.beat);
    this.beat = setTimeout(() => this.ping(), QUIET_MS);
  }

  private ping(): void {
    clearTimeout(this.beat);
    this.beat = setTimeout(() => this.lost(), PONG_MS);
    this.say({ t: 'ping' });
  }

  private say(said: Said): void {
    this.wire?.send(JSON.stringify(said));
  }
}
