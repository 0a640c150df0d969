/** What an event makes of the game as it is known. */
import type { GameEvent } from '../api/messages';
import type { Snapshot } from '../api/types';
import { withMove } from './position';

/** The game after an event: the same one where it is old news, null where something between is missing. */
export function applied(game: Snapshot, event: GameEvent): Snapshot | null {
  if (event.game !== game.id || event.seq <= game.seq) return game;
  if (event.t === 'snapshot') return event.snapshot;
  if (event.seq !== game.seq + 1) return null;
  const { seq } = event;
  switch (event.t) {
    case 'offer':
      return { ...game, seq, offers: event.offers };
    case 'finished': {
      const { status, result, reason, next } = event;
      const clocks = event.clocks ?? game.clocks;
      const series = event.series ?? game.series;
      return { ...game, seq, status, result, reason, next, clocks, series, turn: null, deadline: null, offers: [] };
    }
    case 'move': {
      if (event.ply !== game.ply) return null;
      const { pos, turn, status, result, reason, line, deadline, clocks, next } = event;
      const after = withMove({ ...game, turn: event.mark }, event.cell);
      const series = event.series ?? game.series;
      return { ...after, seq, pos, turn, status, result, reason, line, deadline, clocks, next, series, offers: [] };
    }
  }
}
