/** The links of invites one has made, so that a reload does not lose what only their creation tells. */

const PREFIX = 'noughts.invite.';

export const invites = {
  keep(id: string, url: string): void {
    sessionStorage.setItem(PREFIX + id, url);
  },
  of(id: string): string | null {
    return sessionStorage.getItem(PREFIX + id);
  },
};
