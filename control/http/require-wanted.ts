/**
 * A control plane that hung reads what was sent to it minutes ago: its caller has given up, and perhaps set something else.
 * Called just before a change that raises a share or empties tables; lowering a share is right whenever it comes.
 */
import { CHANGE_EXPIRES_HEADER } from '@ficus/contract';
import { FicusError } from '@ficus/core';
import type { FastifyRequest } from 'fastify';

/** @throws FicusError FICUS_CONTROL_CHANGE_EXPIRED when the time that the caller gave is over, or the caller has hung up */
export function requireWanted({ headers, raw, log, routeOptions }: FastifyRequest): void {
  const expires = headers[CHANGE_EXPIRES_HEADER];
  // One that is no time is over, too.
  const isOver = expires !== undefined && !(Date.now() < Date.parse(String(expires)));
  const hungUp = raw.socket.destroyed || raw.socket.readableEnded;
  if (!isOver && !hungUp) return;
  log.warn(
    { endpoint: `${raw.method} ${routeOptions.url}`, expires, hungUp },
    'a change came too late, and is not made',
  );
  const why = isOver ? `it expired at ${expires}` : 'its caller has hung up';
  throw new FicusError('FICUS_CONTROL_CHANGE_EXPIRED', `The change is not made: ${why}.`);
}
