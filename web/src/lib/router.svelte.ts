/** Which screen the address asks for, and how to go elsewhere without loading the page anew. */

export type Route =
  | { name: 'home' }
  | { name: 'play'; id: string; invite: string | null }
  | { name: 'lobby' }
  | { name: 'leaderboard' }
  /** Whose profile. */
  | { name: 'profile'; who: string }
  /** What of the settings, or nothing for the list of them. */
  | { name: 'settings'; section: string }
  /** Whose account, or nothing for the search. */
  | { name: 'admin'; person: string }
  /** Letters lead here with a secret behind the #. */
  | { name: 'verify' | 'recover'; token: string | null }
  | { name: 'nothing' };

export function routeOf(path: string, fragment = ''): Route {
  const game = /^\/play\/([^/]+)$/.exec(path);
  const bare = fragment.replace(/^#/, '');
  if (game?.[1]) return { name: 'play', id: game[1], invite: inviteOf(bare) };
  const who = nameIn(path);
  if (who) return { name: 'profile', who };
  switch (path) {
    case '/':
      return { name: 'home' };
    case '/lobby':
      return { name: 'lobby' };
    case '/leaderboard':
      return { name: 'leaderboard' };
    case '/settings':
      return { name: 'settings', section: bare };
    case '/admin':
      return { name: 'admin', person: bare };
    case '/verify':
    case '/recover':
      return { name: path === '/verify' ? 'verify' : 'recover', token: new URLSearchParams(bare).get('token') };
    default:
      return { name: 'nothing' };
  }
}

/** Names are of any script; what no browser would write is no name. */
function nameIn(path: string): string | null {
  try {
    return decodeURIComponent(/^\/@([^/]+)$/.exec(path)?.[1] ?? '') || null;
  } catch {
    return null;
  }
}

export function profilePath(username: string): string {
  return `/@${encodeURIComponent(username)}`;
}

/** The invite's secret stands in the fragment, which browsers send to nobody. */
function inviteOf(bare: string): string | null {
  return new URLSearchParams(bare).get('invite') ?? (bare && !bare.includes('=') ? bare : null);
}

const here = () => routeOf(location.pathname, location.hash);
const current = $state<{ route: Route }>({ route: here() });

export const at = {
  get route(): Route {
    return current.route;
  },
};

export function go(path: string, how: 'push' | 'replace' = 'push'): void {
  if (how === 'push') history.pushState(null, '', path);
  else history.replaceState(null, '', path);
  current.route = here();
}

/** Takes a secret out of the address, and so out of what the browser remembers and shows; the screen keeps it. */
export function hideSecret(): void {
  if (location.hash) history.replaceState(null, '', location.pathname);
}

function isOurs(url: URL): boolean {
  const route = routeOf(url.pathname);
  return url.origin === location.origin && route.name !== 'nothing';
}

/** Takes over clicks on links to this page; everything else is left to the browser. */
export function follow(event: MouseEvent): void {
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  if (!link || event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const url = new URL(link.href, location.href);
  if (link.target || link.hasAttribute('download') || !isOurs(url)) return;
  event.preventDefault();
  go(url.pathname + url.hash);
  scrollTo(0, 0);
}

export function moved(): void {
  current.route = here();
}
