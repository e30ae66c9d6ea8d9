/**
 * A proxy's signature over a request and its verified caller. The control plane signs assertions for callers that
 * proxies report; without the seal, any program that may report could have it sign for any user.
 *
 * The key is derived from `proxy.identify.assert.secret`: who knows that secret can make assertions without us.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { AskedRequest } from '@ficus/core';

const PURPOSE = 'ficus observation';

/** @param secret `proxy.identify.assert.secret` */
export function sealOf(asked: AskedRequest, secret: string): string {
  const { slice, route, requestId, method, target, targets, caller } = asked;
  const who = caller === 'anonymous' ? [] : [caller.user, caller.tenant ?? ''];
  const facts = [slice, route, requestId, method, target, targets.legacy, targets.candidate, ...who];
  const key = createHmac('sha256', secret).update(PURPOSE).digest();
  return createHmac('sha256', key).update(JSON.stringify(facts)).digest('base64url');
}

/** Whether the request carries the seal that belongs to it. */
export function isSealed(asked: AskedRequest, secret: string): boolean {
  const given = Buffer.from(asked.seal ?? '');
  const right = Buffer.from(sealOf(asked, secret));
  return given.length === right.length && timingSafeEqual(given, right);
}
