import { beforeAll, expect, test, vi } from 'vitest';

let routeOf: typeof import('./router.svelte').routeOf;

beforeAll(async () => {
  vi.stubGlobal('location', { pathname: '/', hash: '' });
  ({ routeOf } = await import('./router.svelte'));
});

test('the address names the screen', () => {
  expect(['/', '/lobby', '/settings'].map((path) => routeOf(path).name)).toEqual(['home', 'lobby', 'settings']);
});

test('screens that are not built yet say so', () => {
  expect(['/leaderboard', '/@ada', '/verify', '/nowhere'].map((path) => routeOf(path).name)).toEqual(Array(4).fill('nothing'));
});

test('an invite stands in the fragment, bare or named', () => {
  expect(routeOf('/play/g', '#s3cret')).toEqual({ name: 'play', id: 'g', invite: 's3cret' });
  expect(routeOf('/play/g', '#invite=s3cret')).toEqual({ name: 'play', id: 'g', invite: 's3cret' });
  expect(routeOf('/play/g', '')).toEqual({ name: 'play', id: 'g', invite: null });
});
