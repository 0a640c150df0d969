import { expect, test } from 'vitest';
import { Unreachable } from './api/problem';
import { Listing } from './listing.svelte';

const PAGES: Record<string, { items: number[]; next: string | null }> = {
  first: { items: [1, 2], next: 'second' },
  second: { items: [3], next: null },
};

test('pages follow each other until there is none', async () => {
  const list = new Listing<number>(async (cursor) => PAGES[cursor ?? 'first']!);
  await list.more();
  expect([list.items, list.next]).toEqual([[1, 2], 'second']);
  await list.more();
  expect([list.items, list.next]).toEqual([[1, 2, 3], null]);
});

test('a page that did not come is asked for again, and what was read stays', async () => {
  let away = false;
  const list = new Listing<number>(async (cursor) => {
    if (away) throw new Unreachable();
    return PAGES[cursor ?? 'first']!;
  });
  await list.more();
  away = true;
  await list.more();
  expect(list.trouble).not.toBe('');
  expect(list.items).toEqual([1, 2]);
  away = false;
  await list.more();
  expect([list.items, list.trouble]).toEqual([[1, 2, 3], '']);
});

test('beginning anew forgets what was read', async () => {
  let read = 0;
  const list = new Listing<number>(async () => ({ items: [++read], next: null }));
  await list.more();
  await list.again();
  expect(list.items).toEqual([2]);
});
