import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Live, type Listener, type Wire } from './live';
import type { GameEvent, Said } from './messages';
import { Problem, Unreachable } from './problem';

class Far implements Wire {
  onopen: Wire['onopen'] = null;
  onmessage: Wire['onmessage'] = null;
  onclose: Wire['onclose'] = null;
  said: Said[] = [];
  closed = false;

  constructor(readonly ticket: string) {}

  send(text: string): void {
    this.said.push(JSON.parse(text) as Said);
  }

  close(): void {
    this.closed = true;
  }

  opens(): void {
    this.onopen?.call(this as never, new Event('open'));
  }

  tells(told: object): void {
    this.onmessage?.call(this as never, { data: JSON.stringify(told) } as MessageEvent);
  }

  ends(): void {
    this.onclose?.call(this as never, { code: 1006 } as CloseEvent);
  }
}

let wires: Far[] = [];
let tickets: (string | Error)[] = [];
let links: boolean[] = [];
let events: GameEvent[] = [];
let known: number | undefined;
let live: Live;

const listener: Listener = {
  since: () => known,
  event: (event) => events.push(event),
  presence: () => undefined,
  link: (up) => links.push(up),
};

beforeEach(() => {
  vi.useFakeTimers();
  [wires, tickets, links, events, known] = [[], [], [], [], 3];
  live = new Live(
    async () => {
      const ticket = tickets.shift() ?? `t${wires.length}`;
      if (typeof ticket !== 'string') throw ticket;
      return ticket;
    },
    (ticket) => {
      const wire = new Far(ticket);
      wires.push(wire);
      return wire;
    },
  );
});

afterEach(() => {
  live.belongsTo(null);
  vi.useRealTimers();
});

async function connected(): Promise<Far> {
  live.belongsTo('ada');
  await vi.advanceTimersByTimeAsync(0);
  const wire = wires.at(-1) as Far;
  wire.opens();
  return wire;
}

test('nobody has no connection, somebody has one', async () => {
  live.belongsTo(null);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(wires).toEqual([]);
  await connected();
  await vi.advanceTimersByTimeAsync(1000);
  expect([wires.length, live.isUp]).toEqual([1, true]);
});

test('a game is asked for from the last event known, whenever the connection is there anew', async () => {
  live.watch('g', listener);
  const first = await connected();
  expect(first.said).toEqual([{ t: 'sub', game: 'g', n: 1, since: 3 }]);
  known = 5;
  first.ends();
  await vi.advanceTimersByTimeAsync(1000);
  wires[1]?.opens();
  expect(wires.map(({ ticket }) => ticket)).toEqual(['t0', 't1']);
  expect(wires[1]?.said).toEqual([{ t: 'sub', game: 'g', n: 2, since: 5 }]);
  expect(links).toEqual([true, false, true]);
});

test('what happens in other games is nobody’s business', async () => {
  live.watch('g', listener);
  const wire = await connected();
  wire.tells({ t: 'offer', game: 'h', seq: 4, offers: [] });
  wire.tells({ t: 'offer', game: 'g', seq: 4, offers: [] });
  expect(events.map(({ game }) => game)).toEqual(['g']);
});

test('a move is answered, or refused as over HTTP', async () => {
  const wire = await connected();
  const first = live.play('g', 0, 4, 0);
  wire.tells({ t: 'done', n: 1, game: 'g', seq: 4 });
  expect((await first).seq).toBe(4);
  const second = live.play('g', 1, 4, 1).catch((error: unknown) => error);
  wire.tells({ t: 'refused', n: 2, problem: { type: '/problems/illegal-move', title: 'No', status: 422 } });
  const refused = await second;
  expect(refused).toBeInstanceOf(Problem);
  expect((refused as Problem).slug).toBe('illegal-move');
});

test('a move nobody answers for is not known to have arrived', async () => {
  const wire = await connected();
  const cut = live.play('g', 0, 4, 0).catch((error: unknown) => error);
  wire.ends();
  expect(await cut).toBeInstanceOf(Unreachable);
  expect(await live.play('g', 0, 4, 0).catch((error: unknown) => error)).toBeInstanceOf(Unreachable);
});

test('a connection that is silent is asked, and given up when it stays silent', async () => {
  const wire = await connected();
  await vi.advanceTimersByTimeAsync(25_000);
  expect(wire.said).toEqual([{ t: 'ping' }]);
  wire.tells({ t: 'pong' });
  await vi.advanceTimersByTimeAsync(24_000);
  expect(wire.closed).toBe(false);
  await vi.advanceTimersByTimeAsync(6_000);
  expect(wire.closed).toBe(true);
});

test('tries come less and less often while all fail', async () => {
  live.belongsTo('ada');
  for (const pause of [0, 700, 1400, 2700]) {
    await vi.advanceTimersByTimeAsync(pause);
    wires.at(-1)?.ends();
  }
  expect(wires.length).toBe(4);
  await vi.advanceTimersByTimeAsync(2000);
  expect(wires.length).toBe(4);
});

test('who is signed out, or has no live connections to be had, is not asked for again and again', async () => {
  tickets = [new Problem(401)];
  live.belongsTo('ada');
  await vi.advanceTimersByTimeAsync(600_000);
  expect(wires).toEqual([]);
});

test('a server that is full is given the time it asks for', async () => {
  tickets = [new Problem(503, {}, 30)];
  live.belongsTo('ada');
  await vi.advanceTimersByTimeAsync(29_000);
  expect(wires.length).toBe(0);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(wires.length).toBe(1);
});

test('a server about to leave is left within a second', async () => {
  const wire = await connected();
  wire.tells({ t: 'restarting' });
  expect(wire.closed).toBe(true);
  await vi.advanceTimersByTimeAsync(1000);
  expect(wires.length).toBe(2);
});

test('without a network the connection is dropped at once, and is back with it', async () => {
  live.watch('g', listener);
  await connected();
  live.offline();
  expect(links).toEqual([true, false]);
  live.look();
  await vi.advanceTimersByTimeAsync(0);
  wires[1]?.opens();
  expect(links).toEqual([true, false, true]);
});

test('a game that may not be seen live is looked at in other ways', async () => {
  live.watch('g', listener);
  const wire = await connected();
  wire.tells({ t: 'refused', n: 1, problem: { status: 404 } });
  expect(links).toEqual([true, false]);
});

test('what is for a person comes wherever they are', async () => {
  const heard: string[] = [];
  const stop = live.listen((told) => heard.push(told.t));
  const wire = await connected();
  wire.tells({ t: 'challenge', game: 'g', by: 'b', status: 'open' });
  stop();
  wire.tells({ t: 'matched', game: 'g', instead: null });
  expect(heard).toEqual(['challenge']);
});
