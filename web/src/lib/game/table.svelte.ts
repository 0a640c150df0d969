/** One board on the page: the game at it, the move on its way, and what to say about both. */
import { live } from '../api/connection';
import { answerOffer, endGame, fetchGame, joinGame, makeOffer, playMove, startGame } from '../api/games';
import { me, session } from '../api/me.svelte';
import type { Presence } from '../api/messages';
import { newKey, persist, wait } from '../api/patience';
import { Problem, Unreachable } from '../api/problem';
import type { Mark, NewGame, OfferKind, Snapshot } from '../api/types';
import { sentence } from '../words';
import { choice, waits, wanted } from './choice.svelte';
import { follow } from './follow';
import { draft, pace, withMove } from './position';
import { markOf, other, told } from './words';

type Following = ReturnType<typeof follow>;

/** How long the news of one's own move may take to come after the word that it is stored. */
const NEWS_MS = 1000;
/** How long one looks at how a game ended before the next one begins. */
const BETWEEN_MS = 1800;

export class Table {
  game = $state.raw<Snapshot | null>(null);
  /** The cell just played, shown before the server has answered. */
  pending = $state.raw<number | null>(null);
  busy = $state(false);
  lost = $state(false);
  notice = $state('');
  /** For the screen reader: what has happened last. */
  said = $state('');
  /** Why there is no game to show. */
  gone = $state.raw<Problem | null>(null);
  /** Arrived by a friend's link and not yet at the table. */
  invited = $state(false);
  /** Whether these two have had their rated games of the day. */
  enough = $state(false);
  /** Who looks on; null while nobody can say. */
  presence = $state.raw<Presence | null>(null);

  private following: Following | null = null;
  private heard: (() => void)[] = [];
  /** Counts the games this table has seen, so that a late answer to an old one is dropped. */
  private sitting = 0;

  constructor(private readonly begun: (id: string, how?: 'replace') => void) {}

  readonly mine = $derived.by((): Mark | null => (this.game ? markOf(this.game, me.user?.id) : this.invited ? null : choice.mark));

  /** What to draw: the game with the move on its way already made, or an empty board. */
  readonly shown = $derived.by((): Snapshot => {
    const game = this.game ?? draft(this.mine, choice.variant);
    return this.pending === null ? game : withMove(game, this.pending);
  });

  /** Whether the opponent was seen here. */
  met = $state(false);

  readonly myTurn = $derived(this.shown.status === 'playing' && this.shown.turn === this.mine && !this.invited && !this.gone);

  clear(): void {
    this.sitting += 1;
    this.endWait();
    this.following?.stop();
    this.following = null;
    this.game = this.pending = this.gone = this.presence = null;
    this.invited = this.busy = this.lost = this.met = false;
    this.notice = this.said = '';
  }

  /** Shows the game `id`; with an invite, and no seat at it yet, offers to join. */
  async open(id: string, invite: string | null): Promise<void> {
    this.clear();
    const sitting = this.sitting;
    if (invite && !me.user) return void (this.invited = true);
    try {
      const { game } = await persist(() => fetchGame(id), (lost) => (this.lost = lost), () => sitting === this.sitting);
      if (sitting === this.sitting && game) this.sit(game);
      this.invited = !!invite && !this.mine;
    } catch (error) {
      if (sitting !== this.sitting || !(error instanceof Problem)) return;
      if (invite) this.invited = true;
      else this.gone = error;
    }
  }

  async join(id: string, invite: string | null): Promise<void> {
    const game = await this.act(async () => {
      await session.ensure();
      return joinGame(id, invite);
    });
    if (!game) return;
    this.invited = false;
    this.sit(game);
    this.begun(game.id);
  }

  async start(wanted: NewGame): Promise<void> {
    const key = newKey();
    const game = await this.act(async () => {
      await session.ensure();
      return startGame(wanted, key);
    });
    if (!game) return;
    this.clear();
    this.sit(game);
    this.begun(game.id);
  }

  againstComputer(): NewGame {
    const { level, mark } = choice;
    return { opponent: { kind: 'computer', level }, mark, ...wanted() };
  }

  /** Another game of the same two, which changes nobody's rating: as a challenge, so that they know what they say yes to. */
  async unrated(): Promise<void> {
    const { game, mine } = this;
    const username = mine && game?.players[other(mine)]?.username;
    if (!username) return;
    const { variant, time } = game;
    await this.start({ opponent: { kind: 'user', username }, mark: other(mine), variant, time, rated: false });
  }

  async play(cell: number): Promise<void> {
    if (this.busy) return;
    if (!this.game && this.mine !== 'X') return this.start(this.againstComputer());
    this.notice = this.refusal(cell);
    if (this.notice) return;
    const { id, ply, pos } = this.shown;
    this.pending = cell;
    const game = await this.act(this.game ? () => this.send(id, ply, cell, pos) : this.opening(cell));
    if (game && this.game?.id === game.id) this.see(game);
    else if (game) {
      this.sit(game);
      this.begun(game.id);
    }
    this.pending = null;
  }

  async end(how: 'resign' | 'abort' | 'claim'): Promise<void> {
    await this.change((id) => endGame(id, how));
  }

  async offer(kind: OfferKind): Promise<void> {
    await this.change((id) => makeOffer(id, kind));
  }

  async answer(offer: string, answer: 'accept' | 'decline'): Promise<void> {
    await this.change((id) => answerOffer(id, offer, answer));
  }

  /** Leads on to another game, without an empty board between. */
  async lead(id: string): Promise<void> {
    const game = await this.act(async () => (await fetchGame(id)).game);
    if (!game) return;
    this.said = this.notice = '';
    this.presence = null;
    this.sit(game);
    this.begun(game.id, 'replace');
  }

  /** Somebody's time seems to be over: only the server can say. */
  timeIsUp(): void {
    this.following?.look();
  }

  private async change(command: (id: string) => Promise<Snapshot>): Promise<void> {
    const id = this.game?.id;
    const game = id && (await this.act(() => command(id)));
    if (game) this.see(game);
  }

  /** One's own wait for anybody ends when one leaves. */
  private endWait(): void {
    const game = this.game;
    if (game?.status !== 'open' || !waits.delete(game.id)) return;
    endGame(game.id, 'abort').catch(() => undefined);
  }

  /** A move over the live connection where there is one; sent again it is the same move. */
  private async send(id: string, ply: number, cell: number, pos: number): Promise<Snapshot> {
    if (!live.isUp) return playMove(id, ply, cell, pos);
    const { seq } = await live.play(id, ply, cell, pos);
    const there = () => this.game?.id === id && this.game.seq >= seq;
    if (!there()) await Promise.race([wait(NEWS_MS), new Promise<void>((heard) => this.heard.push(heard))]);
    const game = there() ? this.game : (await fetchGame(id)).game;
    if (!game) throw new Unreachable();
    return game;
  }

  /** The first move on the first screen: an account, a game and the move, each made once however often it is tried. */
  private opening(cell: number): () => Promise<Snapshot> {
    const key = newKey();
    const wanted = this.againstComputer();
    return async () => {
      await session.ensure();
      const { id } = await startGame(wanted, key);
      return playMove(id, 0, cell, 0);
    };
  }

  private refusal(cell: number): string {
    const game = this.shown;
    if (this.invited || !this.mine || this.gone) return '';
    if (game.status === 'open') return 'Nobody sits across yet.';
    if (game.status !== 'playing') return 'This game is over.';
    if (game.board[cell]) return 'That cell is taken.';
    return game.turn === this.mine ? '' : 'It is not your turn yet.';
  }

  /** Runs a command until it is heard; null when it was refused (and why is said) or nobody waits for it any more. */
  private async act(action: () => Promise<Snapshot | null>): Promise<Snapshot | null> {
    const sitting = this.sitting;
    const here = () => sitting === this.sitting;
    this.busy = true;
    this.notice = '';
    try {
      const game = await persist(action, (lost) => here() && (this.lost = lost), here);
      return here() ? game : null;
    } catch (error) {
      if (here()) this.refused(error);
      return null;
    } finally {
      if (here()) this.busy = false;
    }
  }

  private refused(error: unknown): void {
    if (error instanceof Problem && error.game && error.game.id === this.game?.id) this.see(error.game);
    this.enough ||= error instanceof Problem && error.slug === 'played-enough';
    this.notice = sentence(error);
  }

  private sit(game: Snapshot): void {
    this.enough = false;
    this.see(game);
    this.following?.stop();
    this.following = follow(game.id, {
      known: () => (this.game?.id === game.id ? this.game : null),
      pace: (looks) => (this.game ? pace(this.game, this.mine, looks) : null),
      seen: (seen) => this.see(seen),
      presence: (presence) => this.look(presence),
      lost: (lost) => (this.lost = lost),
      gone: (problem) => (this.gone = problem),
    });
    this.following.expect();
  }

  private look(presence: Presence | null): void {
    this.presence = presence;
    if (presence && this.mine && presence[other(this.mine)]) this.met = true;
  }

  /** Takes in a state, unless a newer one is known: answers may overtake each other. */
  private see(game: Snapshot): void {
    const before = this.game?.id === game.id ? this.game : null;
    if (before && game.seq < before.seq) return;
    const said = told(before, game, markOf(game, me.user?.id));
    if (said) this.said = said;
    this.game = game;
    for (const heard of this.heard.splice(0)) heard();
    this.following?.expect();
    if (before && !before.next && game.next && this.mine) void this.goOn(game.next);
  }

  /** Who sat at this game sits at the next, a moment after they saw how this one ended. */
  private async goOn(id: string): Promise<void> {
    const sitting = this.sitting;
    await wait(BETWEEN_MS);
    if (sitting === this.sitting && this.game?.next === id) await this.lead(id);
  }
}
