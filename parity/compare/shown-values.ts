/** Both values of a difference as bounded text, cut so that the place where they differ is visible. */
import { redactText } from '../redact/redact.ts';

/** Represents a missing value. */
export const ABSENT = '(absent)';

const LONGEST = 160;
const BEFORE = 40;
/** Enough context to show the name that identifies a secret. */
const SURROUNDINGS = 4096;

/**
 * The two texts, each at most about 160 characters, from shortly before the first difference. Secrets are removed
 * before anything is cut off: the name that identifies a secret may lie just before the cut.
 */
export function showPair(legacy: string, candidate: string): [string, string] {
  const near = Math.max(0, firstDifference(legacy, candidate) - SURROUNDINGS);
  const [left, right] = [legacy, candidate].map((text) =>
    redactText(text.slice(near, near + 2 * SURROUNDINGS)),
  );
  return cutPair(left ?? '', right ?? '', near > 0);
}

function cutPair(left: string, right: string, isCut: boolean): [string, string] {
  const start = Math.max(0, firstDifference(left, right) - BEFORE);
  // Values that fit are shown whole.
  const from = !isCut && Math.max(left.length, right.length) <= LONGEST ? 0 : start;
  return [cut(left, from, isCut), cut(right, from, isCut)];
}

function cut(text: string, from: number, isCut: boolean): string {
  const piece = text.slice(from, from + LONGEST);
  return `${from > 0 || isCut ? '…' : ''}${piece}${from + LONGEST < text.length ? '…' : ''}`;
}

function firstDifference(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) if (a.charCodeAt(at) !== b.charCodeAt(at)) return at;
  return length;
}
