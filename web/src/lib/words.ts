/** Problems in plain words: what happened and what to do next. Found by slug, else by status. */
import { isLost } from './api/patience';
import { Problem } from './api/problem';
import { soon } from './when';

export const LOST = 'Connection lost, trying again';

const BY_SLUG: Record<string, string> = {
  'login-failed': 'That name and password do not belong together. Check both and try again.',
  'token-invalid': 'That link or code does not work: it was used, replaced or is too old. Ask for a new letter.',
  'email-not-verified': 'Confirm your email first, by the code from the letter we sent there.',
  'nothing-to-verify': 'Nothing is left to confirm.',
  'email-taken': 'That email belongs to another account.',
  'last-administrator': 'There has to be one administrator. Make somebody else one first.',
  'mfa-refused': 'That code is wrong, too old or used already. Try the one shown now.',
  'invalid-mfa-token': 'That took too long. Give your password once more.',
  'totp-enabled': 'Two steps are on already.',
  'totp-not-started': 'That took too long. Set it up once more.',
  'too-many-attempts': 'Too many tries. Wait a moment, then try again.',
  'game-over': 'This game is over.',
  'ply-conflict': 'The board has moved on. Here it is as it stands.',
  'not-your-turn': 'It is not your turn yet.',
  'illegal-move': 'That cell is taken.',
  'seat-taken': 'Somebody else has taken that seat.',
};

const BY_STATUS: Record<number, string> = {
  401: 'You are signed out. Sign in to go on.',
  403: 'That is not yours to do.',
  404: 'That is not there any more.',
  429: 'A little too fast. Wait a moment, then try again.',
  503: 'Very busy just now. Wait a moment, then try again.',
};

const NEW_PASSWORD = {
  breached: 'Many people have used that one, so it is tried first. Choose another.',
  contextual: 'That is your name, your email or the game’s name over again. Choose another.',
  length: 'Use at least 8 characters.',
  characters: 'No spaces here. Put a - between the words, or nothing.',
};

const BY_FIELD: Record<string, Record<string, string>> = {
  username: {
    taken: 'That name belongs to somebody else. Try another.',
    confusable: 'That name looks too much like somebody else’s. Try another.',
    reserved: 'That name is kept for the house. Try another.',
  },
  email: {
    taken: 'That email already has an account. Sign in instead.',
    unfit: 'That email cannot be used here. Try another.',
  },
  password: NEW_PASSWORD,
  new_password: NEW_PASSWORD,
};

const ANYTHING: Record<string, string> = {
  username: 'Use 3 to 20 letters, digits, _ or -.',
  email: 'That does not look like an email. Check it.',
  password: 'That password will not do. Choose another.',
  new_password: 'That password will not do. Choose another.',
  code: 'That code is not right, or not any more. Check it, or ask for a new one.',
  current_password: 'That is not your password. Try again.',
  proof: 'That is not your password. Try again.',
};

/** Words beside each field of a form, by the field's name. */
export function beside(error: unknown): Record<string, string> {
  const fields: Record<string, string> = {};
  if (!(error instanceof Problem)) return fields;
  for (const { pointer, code, detail } of error.errors) {
    const field = pointer.replace(/^#?\//, '');
    const words = BY_FIELD[field]?.[code] ?? (code === 'unfit' ? ruleIn(detail) : undefined) ?? ANYTHING[field];
    if (words) fields[field] ??= words;
  }
  return fields;
}

/** A rule for passwords that only its keeper knows, in the keeper's own words. */
function ruleIn(detail: string | undefined): string | undefined {
  return detail?.replace(/[^.!?]$/, '$&.');
}

/** One sentence for an error that belongs to no field. */
export function sentence(error: unknown): string {
  if (error instanceof Problem) {
    if (error.status === 429 && error.retryAfter) return `A little too fast. Try again in ${seconds(error.retryAfter)}.`;
    if (error.slug === 'played-enough') return enough(error);
    return BY_SLUG[error.slug] ?? BY_STATUS[error.status] ?? 'That did not work. Try again in a moment.';
  }
  if (isLost(error)) return 'The server cannot be reached. Check your connection and try again.';
  return 'That did not work. Try again in a moment.';
}

function enough({ againAt }: Problem): string {
  return `Enough rated games between you two until ${againAt ? soon(againAt) : 'tomorrow'}.`;
}

function seconds(count: number): string {
  if (count > 90) return `${Math.ceil(count / 60)} minutes`;
  return count === 1 ? 'a second' : `${count} seconds`;
}
