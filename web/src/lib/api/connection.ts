/** This tab's live connection, awake to what happens to the network and to whether anybody looks. */
import { liveTicket } from './games';
import { Live } from './live';

export const live = new Live(liveTicket);

addEventListener('online', live.look);
addEventListener('offline', live.offline);
document.addEventListener('visibilitychange', () => document.hidden || live.look());
