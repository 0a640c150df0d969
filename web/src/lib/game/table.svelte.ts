/** One board on the page: the game at it, the move on its way, and what to say about both. */
import { fetchGame, joinGame, playMove, resignGame, startGame } from '../api/games';
import { me, session } from '../api/me.svelte';
import { newKey, persist } from '../api/patience';
import { Problem } from '../api/problem';
import type { Level, Mark, NewGame, Snapshot } from '../api/types';
import { sentence } from '../words';
import { draft, pace, withMove } from './position';
import { markOf, told } from './words';
import { watch } from './watch';

type Watch = ReturnType<typeof watch>;

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

  private watching: Watch | null = null;
  /** Counts the games this table has seen, so that a late answer to an old one is dropped. */
  private sitting = 0;

  constructor(
    private readonly wish: () => { level: Level; mark: Mark },
    private readonly begun: (id: string) => void,
  ) {}

  readonly mine = $derived.by((): Mark | null => (this.game ? markOf(this.game, me.user?.id) : this.invited ? null : this.wish().mark));

  /** What to draw: the game with the move on its way already made, or an empty board. */
  readonly shown = $derived.by((): Snapshot => {
    const game = this.game ?? draft(this.mine);
    return this.pending === null ? game : withMove(game, this.pending);
  });

  readonly myTurn = $derived(this.shown.status === 'playing' && this.shown.turn === this.mine && !this.invited && !this.gone);

  clear(): void {
    this.sitting += 1;
    this.watching?.stop();
    this.watching = null;
    this.game = this.pending = this.gone = null;
    this.invited = this.busy = this.lost = false;
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
    const { level, mark } = this.wish();
    return { opponent: { kind: 'computer', level }, mark };
  }

  async play(cell: number): Promise<void> {
    if (this.busy) return;
    if (!this.game && this.mine !== 'X') return this.start(this.againstComputer());
    this.notice = this.refusal(cell);
    if (this.notice) return;
    const { id, ply } = this.shown;
    this.pending = cell;
    const game = await this.act(this.game ? () => playMove(id, ply, cell) : this.opening(cell));
    if (game && this.game?.id === game.id) this.see(game);
    else if (game) {
      this.sit(game);
      this.begun(game.id);
    }
    this.pending = null;
  }

  async resign(): Promise<void> {
    const id = this.game?.id;
    const game = id && (await this.act(() => resignGame(id)));
    if (game) this.see(game);
  }

  /** The first move on the first screen: an account, a game and the move, each made once however often it is tried. */
  private opening(cell: number): () => Promise<Snapshot> {
    const key = newKey();
    const wanted = this.againstComputer();
    return async () => {
      await session.ensure();
      const { id } = await startGame(wanted, key);
      return playMove(id, 0, cell);
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
  private async act(action: () => Promise<Snapshot>): Promise<Snapshot | null> {
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
    this.notice = sentence(error);
  }

  private sit(game: Snapshot): void {
    this.see(game);
    this.watching?.stop();
    this.watching = watch(game.id, {
      pace: (looks) => (this.game ? pace(this.game, this.mine, looks) : null),
      seen: (seen) => this.see(seen),
      lost: (lost) => (this.lost = lost),
      gone: (problem) => (this.gone = problem),
    });
    this.watching.expect();
  }

  /** Takes in a state, unless a newer one is known: answers may overtake each other. */
  private see(game: Snapshot): void {
    if (this.game?.id === game.id && game.seq < this.game.seq) return;
    const said = told(this.game, game, markOf(game, me.user?.id));
    if (said) this.said = said;
    this.game = game;
    this.watching?.expect();
  }
}
