/** Times as people say them. */

const STEPS: [seconds: number, unit: Intl.RelativeTimeFormatUnit][] = [
  [60, 'second'],
  [3600, 'minute'],
  [86_400, 'hour'],
  [604_800, 'day'],
];

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' });
const absolute = new Intl.DateTimeFormat('en', { dateStyle: 'medium' });
const clock = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const exact = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' });

/** "5 min. ago", "yesterday", and after a week the date. */
export function ago(time: string, now: number = Date.now()): string {
  const seconds = Math.max(0, (now - Date.parse(time)) / 1000);
  if (seconds < 60) return 'now';
  let size = 1;
  for (const [limit, unit] of STEPS) {
    if (seconds < limit) return relative.format(-Math.floor(seconds / size), unit);
    size = limit;
  }
  return day(time);
}

/** "24 Nov 2026, 14:05", in the reader's own time. */
export function moment(time: string): string {
  return exact.format(new Date(time));
}

/** "18:40", and of another day "tomorrow, 18:40": of a time within a day from now. */
export function soon(time: string, now: number = Date.now()): string {
  const at = new Date(time);
  const today = at.toDateString() === new Date(now).toDateString();
  return today ? clock.format(at) : `tomorrow, ${clock.format(at)}`;
}

export function day(time: string): string {
  return absolute.format(new Date(time));
}
