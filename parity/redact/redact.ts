/**
 * What a stored sample may contain. Secrets and personal data are replaced by their names and formats; a tag of a few
 * characters, salted per process, still shows that two values differ.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Difference } from '@ficus/core';

const SENSITIVE_PARTS = [
  'password',
  'passwd',
  'passphrase',
  'secret',
  'token',
  'apikey',
  'authorization',
  'credential',
  'privatekey',
  'cookie',
  'session',
  'csrf',
  'xsrf',
  'cardnumber',
  'creditcard',
  'cvv',
  'cvc',
  'iban',
  'ssn',
  'email',
  'phone',
  'mobile',
  'birth',
  'address',
  'street',
  'firstname',
  'lastname',
  'fullname',
  'surname',
];
const SENSITIVE_WHOLE = new Set(['sid', 'pin', 'otp', 'auth', 'pwd', 'jwt', 'xficusidentity']);

/** Whether a member, parameter or header of this name may hold a secret or personal data. */
export function isSensitiveName(name: string): boolean {
  const plain = name.toLowerCase().replace(/[^a-z0-9]/g, '');
  return SENSITIVE_WHOLE.has(plain) || SENSITIVE_PARTS.some((part) => plain.includes(part));
}

const salt = randomBytes(16);

/** The replacement for a value. */
export function placeholder(value: string): string {
  const tag = createHash('sha256').update(salt).update(value).digest('hex').slice(0, 4);
  return `‹redacted #${tag}›`;
}

// Every repetition that may begin anywhere has a bound: the text is untrusted.
const EMAIL = /[A-Za-z0-9._%+-]{1,64}(?:@|%40)[A-Za-z0-9.-]{1,255}\.[A-Za-z]{2,}/g;
const JWT = /\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/g;
const BEARER = /\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{6,}/gi;
const CARD = /\b[3-6]\d{3}(?:[ -]?\d){9,12}\b/g;
// A member and its value in JSON text that may have been cut off anywhere.
const MEMBER = /"((?:[^"\\]|\\.)+)"\s*:\s*("(?:[^"\\]|\\.)*"?|[^,}\]\s]+)/g;
// `name=value` as in forms, cookies and targets, and a form's field in HTML.
const PAIR = /([A-Za-z][\w.[\]-]{1,60})=([^&\s"'<>;,]+)/g;
const FIELD = /(\bname="([^"]{1,100})"[^<>]{0,200}?\bvalue=")([^"]*)/gi;

/** Free text: removes what looks like a secret or personal data. */
export function redactText(text: string): string {
  const named = text
    .replace(MEMBER, (whole, name: string, value: string) =>
      isSensitiveName(name) ? `"${name}":"${placeholder(value)}"` : whole,
    )
    .replace(FIELD, (whole, before: string, name: string, value: string) =>
      isSensitiveName(name) ? `${before}${placeholder(value)}` : whole,
    )
    .replace(PAIR, (whole, name: string, value: string) =>
      isSensitiveName(name) ? `${name}=${placeholder(value)}` : whole,
    );
  return redactPatterns(named);
}

/** Values recognisable by their format. */
function redactPatterns(text: string): string {
  return text
    .replace(JWT, placeholder)
    .replace(BEARER, (whole, scheme: string) => `${scheme} ${placeholder(whole)}`)
    .replace(EMAIL, placeholder)
    .replace(CARD, (digits) => (passesLuhn(digits) ? placeholder(digits) : digits));
}

/** A difference that is safe to store and show. */
export function redactDifference(difference: Difference): Difference {
  const { path, legacy, candidate } = difference;
  const hide = isSensitivePath(path) ? placeholder : redactText;
  return { path, legacy: hide(legacy), candidate: hide(candidate) };
}

/** A request target without the values of sensitive parameters. */
export function redactTarget(target: string): string {
  const question = target.indexOf('?');
  if (question < 0) return redactPatterns(target);
  const query = target
    .slice(question + 1)
    .split('&')
    .map((pair) => {
      const [name = '', ...rest] = pair.split('=');
      return rest.length > 0 && isSensitiveName(name) ? `${name}=REDACTED` : pair;
    });
  return redactPatterns(`${target.slice(0, question)}?${query.join('&')}`);
}

/** Cookies are shown by their attributes only, so that `header.set-cookie.…` may stay readable. */
function isSensitivePath(path: string): boolean {
  if (path.startsWith('header.set-cookie.')) return false;
  if (path.startsWith('header.')) return isSensitiveName(path.slice('header.'.length));
  return path.startsWith('$') && (path.match(/[^.[\]"$]+/g) ?? []).some(isSensitiveName);
}

function passesLuhn(text: string): boolean {
  const digits = text.replace(/\D/g, '').split('').reverse().map(Number);
  const sum = digits.reduce((total, digit, index) => {
    const doubled = index % 2 === 1 ? digit * 2 : digit;
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return sum % 10 === 0;
}
