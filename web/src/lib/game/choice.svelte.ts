/** How one wants to play the computer; kept while the page is open. */
import type { Level, Mark } from '../api/types';

export const choice = $state<{ level: Level; mark: Mark }>({ level: 1, mark: 'X' });
