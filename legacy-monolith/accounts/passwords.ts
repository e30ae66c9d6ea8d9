/**
 * Passwords of the sample: SHA-256 over "email:password", so that SQL can seed 20,000 customers at once and a load test
 * can log them all in. FOR A SAMPLE ONLY: a real shop uses a slow, salted hash (argon2id, scrypt). The comparison takes
 * constant time, as it must there too.
 */
import { createHash, timingSafeEqual } from 'node:crypto';

export function digestPassword(email: string, password: string): Buffer {
  return createHash('sha256').update(`${email}:${password}`, 'utf8').digest();
}

/** An unknown customer costs the same comparison as a known one. */
export function passwordMatches(stored: Buffer | undefined, email: string, password: string): boolean {
  const given = digestPassword(email, password);
  const equal = timingSafeEqual(given, stored?.length === given.length ? stored : Buffer.alloc(given.length));
  return equal && stored !== undefined;
}
