/**
 * A stable bucket for callers without identity, in a cookie, and only for slices that ask for it. The value is
 * random and says nothing about the caller.
 */
import { randomUUID } from 'node:crypto';
import { cookieValue } from '../wire/cookie.ts';

const VALID = /^[A-Za-z0-9-]{8,64}$/;
const ONE_YEAR_SECONDS = 31_536_000;

/** The bucket that the caller sent, unless it is malformed. */
export function readBucket(cookieHeader: string | undefined, name: string): string | undefined {
  const value = cookieHeader === undefined ? undefined : cookieValue(cookieHeader, name);
  return value !== undefined && VALID.test(value) ? value : undefined;
}

export function makeBucket(): string {
  return randomUUID();
}

/** Value of Set-Cookie for a new bucket. */
export function bucketCookie(name: string, bucket: string): string {
  return `${name}=${bucket}; Path=/; Max-Age=${ONE_YEAR_SECONDS}; HttpOnly; SameSite=Lax`;
}
