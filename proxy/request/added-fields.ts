/** Fields that the proxy adds to an answer, as flat lists, created only when there is something to add. */
import type { Reason, Side } from '@ficus/core';
import { bucketCookie } from '../identify/anonymous-bucket.ts';
import type { LiveSlice } from '../snapshot/live-slice.ts';

type Fields = string[] | undefined;

/** Adds the cookie of a new bucket; slices may share one. */
export function withBucket(fields: Fields, slice: LiveSlice, bucket: string | undefined): Fields {
  if (bucket === undefined) return fields;
  const cookie = bucketCookie(slice.config.anonymousBucket!.cookie, bucket);
  return fields?.includes(cookie) ? fields : [...(fields ?? []), 'set-cookie', cookie];
}

/** Adds the cookies by which other proxies know that the caller wrote. */
export function withWrites(fields: Fields, cookies: readonly string[]): Fields {
  return cookies.length === 0
    ? fields
    : [...(fields ?? []), ...cookies.flatMap((cookie) => ['set-cookie', cookie])];
}

/** Adds who serves and why, for testers (`proxy.expose`). */
export function withSide(fields: Fields, side: Side, reason: Reason): Fields {
  return [...(fields ?? []), 'x-ficus-side', side, 'x-ficus-reason', reason];
}

export function withoutSide(fields: Fields): Fields {
  return fields?.filter((_, at, all) => !all[at - (at % 2)]!.startsWith('x-ficus-'));
}
