/**
 * The requests of the load, over the sample's routes, and how a write is found again: by its key, on a database, or by
 * its user, in the answer to the next read. Pure.
 */
import type { ShopRequest, ShopResponse } from '../../../sample/load/shop-client.ts';
import type { LoadUser } from './load-messages.ts';

/** A write to come. */
export interface PlannedWrite {
  readonly key: string;
  readonly request: ShopRequest;
}

/** An acknowledged write, as its user looks for it. */
export interface OwnWrite {
  readonly notification: number;
  readonly key: string;
}

/** All keys that a run of the benchmark makes begin so: they distinguish its rows from seeded ones. */
export const INSERT_PREFIX = 'insert ';
export const MARK_PREFIX = 'mark ';

export function planMark(user: LoadUser, notification: number): PlannedWrite {
  return {
    key: `${MARK_PREFIX}${notification}`,
    request: { method: 'POST', path: `/api/notifications/${notification}/read`, cookie: user.cookie },
  };
}

export function planInsert(user: LoadUser, number: number): PlannedWrite {
  const key = `${INSERT_PREFIX}client ${number}`;
  return {
    key,
    request: { method: 'POST', path: '/api/notifications', cookie: user.cookie, body: { title: key } },
  };
}

/** @returns undefined when the answer does not acknowledge a write */
export function acknowledgedBy(response: ShopResponse, key: string): OwnWrite | undefined {
  const { id } = (response.body ?? {}) as { id?: unknown };
  return (response.status === 200 || response.status === 201) && typeof id === 'number'
    ? { notification: id, key }
    : undefined;
}

/** A read of the user's: of their last own write, or of their list before the first one. */
export function planRead(user: LoadUser, own: OwnWrite | undefined): ShopRequest {
  const path = own === undefined ? '/api/notifications?limit=20' : `/api/notifications/${own.notification}`;
  return { method: 'GET', path, cookie: user.cookie };
}

/** Whether the answer to `planRead` holds the write. */
export function shows(response: ShopResponse, own: OwnWrite): boolean {
  const found = (response.body ?? {}) as { read?: unknown; title?: unknown };
  if (response.status !== 200) return false;
  return own.key.startsWith(MARK_PREFIX) ? found.read === true : found.title === own.key;
}
