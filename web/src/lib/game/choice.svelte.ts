/** How one wants to play the computer; kept while the page is open. */
import type { Mark } from '../api/types';

export const choice = $state<{ level: number; mark: Mark }>({ level: 1, mark: 'X' });
