/**
 * Ids of callers that are kept beyond their request: as keys of pins and of caches. Two things would let an attacker
 * fill the memory with them. An id may be as long as a head; and V8 lets a piece of a string keep the whole string
 * alive, so that a short id cut from a Cookie field keeps all cookies.
 */
import { createHash } from 'node:crypto';

/** Longer ids are kept as their digest. */
const LONGEST = 128;

/** The same text as a string of its own, which keeps no larger one alive. */
export function ownText(text: string): string {
  // Not UTF-8: an id may be any string, and must come back as it was.
  return Buffer.from(text, 'utf16le').toString('utf16le');
}

/** A key for the text, of bounded length; the same for the same text everywhere. */
export function boundedKey(text: string, longest: number = LONGEST): string {
  if (text.length <= longest) return text;
  return `sha256 ${createHash('sha256').update(text).digest('base64url')}`;
}
