/** How hard a password is to guess, in one line; what judges it is loaded when it is first needed. */

export interface Verdict {
  /** None to four of four. */
  bars: number;
  words: string;
}

export type Judge = (password: string, names: string[]) => Verdict;

const SHORTEST = 8;
// What one may type is up to 256 characters; to look for patterns in all of them would take a second.
const LOOKED_AT = 64;
const OUR_WORDS = ['noughts', 'crosses', 'tictactoe', 'tic tac toe'];

const WORDS = [
  'Easy to guess. Try three or four words that have nothing to do with each other.',
  'Easy to guess. Try three or four words that have nothing to do with each other.',
  'Could be guessed. Another word or two would help.',
  'Good.',
  'Strong.',
];

/** A verdict from zxcvbn's score (0 to 4). */
export function verdictOf(password: string, score: number): Verdict {
  const length = [...password].length;
  if (!length) return { bars: 0, words: '' };
  if (length < SHORTEST) return { bars: 0, words: `At least ${SHORTEST} characters.` };
  return { bars: Math.max(1, score), words: WORDS[score] ?? '' };
}

let loading: Promise<Judge> | null = null;

/** The judge, a few hundred kilobytes of words and keyboards, fetched once. */
export function judge(): Promise<Judge> {
  loading ??= load().catch((error: unknown) => {
    loading = null;
    throw error;
  });
  return loading;
}

async function load(): Promise<Judge> {
  const [{ ZxcvbnFactory }, common] = await Promise.all([import('@zxcvbn-ts/core'), import('@zxcvbn-ts/language-common')]);
  const zxcvbn = new ZxcvbnFactory({ dictionary: common.dictionary, graphs: common.adjacencyGraphs });
  return (password, names) =>
    verdictOf(password, zxcvbn.check(password.slice(0, LOOKED_AT), [...OUR_WORDS, ...names.filter(Boolean)]).score);
}
