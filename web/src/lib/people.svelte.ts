/** What an administrator looked for last, so that the way back from a person leads to the same list. */
import { people, type Search } from './api/people';
import type { User } from './api/types';
import { Listing } from './listing.svelte';

export const search = $state<Search>({ text: '', role: '', status: '' });
export const found = new Listing<User>((cursor) => people(search, cursor));
