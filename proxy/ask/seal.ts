/**
 * A proxy's signature over a request and its verified caller. The control plane signs assertions for callers
 * that proxies report; without the seal, any program that may report could obtain an assertion for any user.
 *
 * The key is derived from `proxy.identify.assert.secret`: anyone with that secret can make assertions anyway.
 */
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { AskedRequest } from '@ficus/core';

const PURPOSE = 'ficus observation';

export class Seal {
  /** A key object: from bytes Node would prepare the key for each signature, which costs more than the signature. */
  readonly #key: KeyObject;

  /** @param secret `proxy.identify.assert.secret` */
  constructor(secret: string) {
    this.#key = createSecretKey(createHmac('sha256', secret).update(PURPOSE).digest());
  }

  /** The seal of a request. */
  of({ slice, route, requestId, method, target, targets, caller }: AskedRequest): string {
    const who = caller === 'anonymous' ? [] : [caller.user, caller.tenant ?? ''];
    const facts = [slice, route, requestId, method, target, targets.legacy, targets.candidate, ...who];
    return createHmac('sha256', this.#key).update(JSON.stringify(facts)).digest('base64url');
  }

  /** Whether the request carries its own seal. */
  isOn(asked: AskedRequest): boolean {
    const given = Buffer.from(asked.seal ?? '');
    const right = Buffer.from(this.of(asked));
    return given.length === right.length && timingSafeEqual(given, right);
  }
}
