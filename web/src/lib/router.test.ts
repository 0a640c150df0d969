import { beforeAll, expect, test, vi } from 'vitest';

let routeOf: typeof import('./router.svelte').routeOf;
let profilePath: typeof import('./router.svelte').profilePath;

beforeAll(async () => {
  vi.stubGlobal('location', { pathname: '/', hash: '' });
  ({ routeOf, profilePath } = await import('./router.svelte'));
});

test('the address names the screen', () => {
  expect(['/', '/lobby', '/leaderboard', '/settings'].map((path) => routeOf(path).name)).toEqual(['home', 'lobby', 'leaderboard', 'settings']);
});

test('an address that names none leads to nothing', () => {
  for (const path of ['/@', '/@%E0%A4', '/@a/b', '/nowhere', '/settings/name']) {
    expect(routeOf(path)).toEqual({ name: 'nothing' });
  }
});

test('a name stands behind the @, in whatever script', () => {
  expect(routeOf('/@ada')).toEqual({ name: 'profile', who: 'ada' });
  for (const who of ['Zoë', 'नमस्ते', '100%']) expect(routeOf(profilePath(who))).toEqual({ name: 'profile', who });
});

test('a section of the settings and a person stand in the fragment', () => {
  expect(routeOf('/settings', '#email')).toEqual({ name: 'settings', section: 'email' });
  expect(routeOf('/admin', '#some-id')).toEqual({ name: 'admin', person: 'some-id' });
});

test('letters lead to a screen with their secret in the fragment', () => {
  expect(routeOf('/verify', '#token=s3cret')).toEqual({ name: 'verify', token: 's3cret' });
  expect(routeOf('/recover', '')).toEqual({ name: 'recover', token: null });
});

test('an invite stands in the fragment, bare or named', () => {
  expect(routeOf('/play/g', '#s3cret')).toEqual({ name: 'play', id: 'g', invite: 's3cret' });
  expect(routeOf('/play/g', '#invite=s3cret')).toEqual({ name: 'play', id: 'g', invite: 's3cret' });
  expect(routeOf('/play/g', '')).toEqual({ name: 'play', id: 'g', invite: null });
});
