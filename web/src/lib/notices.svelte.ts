/** What wants to be known wherever one is on the page: challenges, and games that wait for one. */
import { live } from './api/connection';
import { answerChallenge, fetchGame } from './api/games';
import { me } from './api/me.svelte';
import type { Personal } from './api/messages';
import type { Snapshot } from './api/types';
import { at, go } from './router.svelte';
import { sentence } from './words';

export interface Notice {
  /** Somebody challenges one, or a game of one's own has begun elsewhere. */
  kind: 'challenge' | 'begun';
  game: Snapshot;
}

export class Notices {
  list = $state.raw<Notice[]>([]);
  busy = $state(false);
  trouble = $state('');

  constructor() {
    live.listen((told) => void this.hear(told).catch(() => undefined));
  }

  async answer(id: string, answer: 'accept' | 'decline'): Promise<void> {
    this.busy = true;
    this.trouble = '';
    try {
      await answerChallenge(id, answer);
      if (answer === 'accept') go(`/play/${id}`);
    } catch (error) {
      this.trouble = sentence(error);
    } finally {
      this.busy = false;
      this.drop(id);
    }
  }

  drop(id: string): void {
    this.list = this.list.filter(({ game }) => game.id !== id);
  }

  /** Nobody is here any more to know it. */
  clear(): void {
    this.list = [];
    this.trouble = '';
  }

  private async hear(told: Personal): Promise<void> {
    this.drop(told.game);
    const mine = told.t === 'matched' || told.by === me.user?.id;
    const begun = told.t === 'matched' || told.status === 'playing';
    if (begun ? !mine || this.isThere(told) : mine || told.status !== 'open') return;
    const { game } = await fetchGame(told.game);
    if (!game || game.status !== (begun ? 'playing' : 'open') || this.isThere(told)) return;
    this.drop(game.id);
    this.list = [...this.list, { kind: begun ? 'begun' : 'challenge', game }];
  }

  /** Whether one sits at that board, or at the one that leads there. */
  private isThere(told: Personal): boolean {
    const { route } = at;
    return route.name === 'play' && (route.id === told.game || (told.t === 'matched' && route.id === told.instead));
  }
}
