/** The news of a game: over the live connection while there is one, by looking again and again while there is not. */
import { live } from '../api/connection';
import type { Presence } from '../api/messages';
import type { Snapshot } from '../api/types';
import { applied } from './apply';
import { watch, type Watcher } from './watch';

const SPREAD_MS = 300;
const ASK_AGAIN_MS = 2000;

export interface Follower extends Watcher {
  /** The game as it is known. */
  known(): Snapshot | null;
  /** Null: nobody can say. */
  presence(presence: Presence | null): void;
}

export function follow(id: string, follower: Follower) {
  let up = false;
  let asked = 0;
  let soon: ReturnType<typeof setTimeout> | undefined;
  const watching = watch(id, { ...follower, pace: (looks) => (up ? null : follower.pace(looks)) });

  function link(now: boolean): void {
    const was = up;
    up = now;
    asked = 0;
    clearTimeout(soon);
    if (now) follower.lost(false);
    else follower.presence(null);
    // The connection may have gone with the whole network: say so soon, but not everybody at the same moment.
    if (was && !now) soon = setTimeout(() => watching.look(), Math.random() * SPREAD_MS);
    watching.expect();
  }

  const leave = live.watch(id, {
    since: () => follower.known()?.seq,
    link,
    presence: (presence) => follower.presence(presence),
    event: (event) => {
      const known = follower.known();
      const after = known && applied(known, event);
      if (after) return follower.seen(after);
      if (Date.now() - asked < ASK_AGAIN_MS) return;
      live.again(id);
      asked = Date.now();
    },
  });

  return {
    expect: () => watching.expect(),
    /** Looks now, connection or not. */
    look: () => watching.look(),
    stop(): void {
      clearTimeout(soon);
      leave();
      watching.stop();
    },
  };
}
