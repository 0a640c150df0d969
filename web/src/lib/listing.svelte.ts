/** A list of the server's, read page by page. */
import { sentence } from './words';

export interface Page<T> {
  items: T[];
  next: string | null;
}

export class Listing<T> {
  items = $state.raw<T[]>([]);
  next = $state<string | null>(null);
  loaded = $state(false);
  busy = $state(false);
  trouble = $state('');

  constructor(private readonly read: (cursor: string | null) => Promise<Page<T>>) {}

  /** Adds the next page; the first one where nothing was read yet. */
  async more(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.trouble = '';
    try {
      const page = await this.read(this.next);
      this.items = [...this.items, ...page.items];
      this.next = page.next;
      this.loaded = true;
    } catch (error) {
      this.trouble = sentence(error);
    } finally {
      this.busy = false;
    }
  }

  /** Begins anew, with what is there now. */
  async again(): Promise<void> {
    this.items = [];
    this.next = null;
    this.loaded = false;
    await this.more();
  }
}
