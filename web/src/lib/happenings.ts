/** What happened to an account, in words, by the audit's closed list of events. */
import type { Happening } from './api/types';

const WORDS: Partial<Record<Happening['event'], string>> = {
  'user-registered': 'Signed up',
  'guest-became-member': 'Chose a name',
  'user-imported': 'Brought along from elsewhere',
  'login-succeeded': 'Signed in',
  'login-refused': 'Wrong password',
  'login-throttled': 'Too many tries to sign in',
  'mfa-required': 'Asked for the second step',
  'mfa-refused': 'Wrong code in the second step',
  'recovery-code-used': 'Recovery code used',
  'session-ended': 'Signed out',
  'sessions-ended': 'Signed out elsewhere',
  'refresh-token-replayed': 'Session ended: its token was used twice',
  'username-changed': 'Name changed',
  'password-changed': 'Password changed',
  'password-refused': 'Wrong current password',
  'email-change-requested': 'New email asked for',
  'email-change-cancelled': 'New email called off',
  'email-changed': 'Email changed',
  'email-verified': 'Email confirmed',
  'email-change-undone': 'Change of email undone',
  'verification-refused': 'Wrong link or code for an email',
  'recovery-requested': 'New password asked for',
  'password-recovered': 'New password chosen by mail',
  'recovery-refused': 'Wrong code for a new password',
  'totp-enabled': 'Two steps turned on',
  'totp-disabled': 'Two steps turned off',
  'status-changed': 'Status changed',
  'role-changed': 'Role changed',
  'deletion-accepted': 'Deleted',
  'data-exported': 'Data downloaded',
};

/** Events one should recognise as one's own doing. */
const TELLING = new Set(['login-refused', 'login-throttled', 'mfa-refused', 'recovery-refused', 'password-refused', 'verification-refused', 'refresh-token-replayed']);

/** An event this page has not heard of yet is said as the server calls it. */
export function wordsFor(event: string): string {
  return WORDS[event as Happening['event']] ?? event.replaceAll('-', ' ');
}

export function isTelling(event: string): boolean {
  return TELLING.has(event);
}
