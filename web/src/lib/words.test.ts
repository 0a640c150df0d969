import { expect, test } from 'vitest';
import { Problem } from './api/problem';
import { beside, sentence } from './words';

const wrong = (field: string, code: string, detail?: string) =>
  beside(new Problem(422, { errors: [{ pointer: `#/${field}`, code, ...(detail && { detail }) }] }))[field];

test.each(['password', 'new_password'])('what a pool of people holds against a %s is said', (field) => {
  expect(wrong(field, 'characters')).toBe('No spaces here. Put a - between the words, or nothing.');
  expect(wrong(field, 'unfit', 'Password must have numeric characters')).toBe('Password must have numeric characters.');
  expect(wrong(field, 'unfit')).toBe('That password will not do. Choose another.');
});

test('an email that a pool of people refuses is not called one that does not look like one', () => {
  expect(wrong('email', 'unfit', 'The pool of people takes no such address.')).toBe('That email cannot be used here. Try another.');
  expect(wrong('email', 'format')).toBe('That does not look like an email. Check it.');
});

test('who has played each other enough is told when it goes on', () => {
  const at = (hours: number) => new Date(new Date().setHours(hours, 40, 0, 0)).toISOString();
  const words = (again_at?: string) => sentence(new Problem(409, { type: '/problems/played-enough', ...(again_at && { again_at }) }));
  expect(words(at(18))).toBe('Enough rated games between you two until 18:40.');
  expect(words(at(24 + 9))).toBe('Enough rated games between you two until tomorrow, 09:40.');
  expect(words()).toBe('Enough rated games between you two until tomorrow.');
});

test('an email to be confirmed first has words of its own', () => {
  const words = sentence(new Problem(409, { type: '/problems/email-not-verified' }));
  expect(words).toBe('Confirm your email first, by the code from the letter we sent there.');
});
