/** Time to think: what is left of it, and how that is said. */
import type { Mark, Snapshot, Time } from '../api/types';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** What one may choose; null is as long as one likes. */
export const TIMES: readonly { value: string; text: string; time: Time | null }[] = (
  [
    ['none', null],
    ['turn', { kind: 'turn', turn_ms: 30 * SECOND }],
    ['quick', { kind: 'clock', initial_ms: MINUTE, increment_ms: SECOND }],
    ['calm', { kind: 'clock', initial_ms: 5 * MINUTE, increment_ms: 3 * SECOND }],
    ['day', { kind: 'days', days: 1 }],
    ['days', { kind: 'days', days: 3 }],
  ] as const
).map(([value, time]) => ({ value, time, text: time ? nameOfTime(time) : 'No clock' }));

/** Milliseconds a side has left as the server has `now`; null without a clock. */
export function leftOf(game: Snapshot, mark: Mark, now: number): number | null {
  if (!game.time || !game.clocks || game.status === 'open' || game.status === 'aborted') return null;
  if (game.turn === mark && game.deadline) return Math.max(0, Date.parse(game.deadline) - now);
  return mark === 'X' ? game.clocks.X_ms : game.clocks.O_ms;
}

/** "4:05", below ten seconds "9.4", "1:02:03", from two days on "3 days". */
export function clockFace(ms: number): string {
  if (ms >= 2 * DAY) return `${Math.floor(ms / DAY)} days`;
  if (ms < 10 * SECOND) return (Math.floor(ms / 100) / 10).toFixed(1);
  const two = (part: number) => String(part).padStart(2, '0');
  const [hours, minutes, seconds] = [Math.floor(ms / HOUR), Math.floor(ms / MINUTE) % 60, Math.floor(ms / SECOND) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

/** The same for who hears it. */
export function spoken(ms: number): string {
  const parts = [[Math.floor(ms / DAY), 'day'], [Math.floor(ms / HOUR) % 24, 'hour'], [Math.floor(ms / MINUTE) % 60, 'minute'], [Math.floor(ms / SECOND) % 60, 'second']] as const;
  const said = parts.filter(([count]) => count).slice(0, 2).map(([count, unit]) => `${count} ${unit}${count === 1 ? '' : 's'}`);
  return said.join(' ') || 'no time';
}

/** Whether little is left: a tenth, or ten seconds of a longer time. */
export function isLow(ms: number, time: Time): boolean {
  const whole = time.kind === 'days' ? time.days * DAY : time.kind === 'turn' ? time.turn_ms : time.initial_ms;
  return ms < Math.max(whole / 10, Math.min(10 * SECOND, whole / 3));
}

/** How long until the face shows something else. */
export function tickMs(ms: number): number {
  if (ms < 10 * SECOND) return 100;
  return ms > DAY ? MINUTE : (ms % SECOND) + 10;
}

/** "5 min + 3 s", "30 s a move", "3 days a move". */
export function nameOfTime(time: Time | null): string {
  if (!time) return '';
  if (time.kind === 'days') return `${time.days} ${time.days === 1 ? 'day' : 'days'} a move`;
  if (time.kind === 'turn') return `${short(time.turn_ms)} a move`;
  return `${short(time.initial_ms)}${time.increment_ms ? ` + ${short(time.increment_ms)}` : ''}`;
}

function short(ms: number): string {
  return ms % MINUTE === 0 ? `${ms / MINUTE} min` : `${ms / SECOND} s`;
}
