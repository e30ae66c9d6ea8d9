/**
 * A proxy's signature over an observation: request, fields, verified caller, and both answers. The control plane asks
 * again what proxies report, and signs assertions for callers that they name; without the seal, any program that may
 * report could obtain an assertion for any user.
 *
 * The key is derived from `proxy.identify.assert.secret`: anyone with that secret can make assertions anyway.
 */
import { createHmac, createSecretKey, type Hmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { Observation, ObservedResponse, ReportRefusal } from '@ficus/core';

const PURPOSE = 'ficus observation';
/** How long a seal is valid, with room for clocks that differ: a recorded report is worthless afterwards. */
const VALID_MS = 5 * 60_000;

export class Seal {
  /** A key object: from bytes Node would prepare the key for each signature, which costs more than the signature. */
  readonly #key: KeyObject;

  /** @param secret `proxy.identify.assert.secret` */
  constructor(secret: string) {
    this.#key = createSecretKey(createHmac('sha256', secret).update(PURPOSE).digest());
  }

  /** The seal of an observation. */
  of(observation: Observation): string {
    const hmac = createHmac('sha256', this.#key).update(JSON.stringify(factsOf(observation)));
    addBody(hmac, observation.legacy);
    addBody(hmac, observation.candidate);
    return hmac.digest('base64url');
  }

  /** What is wrong with the seal that an observation carries, or undefined. @param now milliseconds since the epoch */
  refusal(observation: Observation, now: number): ReportRefusal | undefined {
    const given = Buffer.from(observation.seal ?? '');
    const right = Buffer.from(this.of(observation));
    if (given.length !== right.length || !timingSafeEqual(given, right)) return 'seal-wrong';
    return Math.abs(now - observation.at) > VALID_MS ? 'seal-expired' : undefined;
  }
}

/** Everything but the bodies, in a fixed order. */
function factsOf({ legacy, candidate, ...asked }: Observation): unknown[] {
  const { slice, route, requestId, traceId, at, method, httpVersion, target, targets, caller } = asked;
  const { requestHeaders, servedBy, owner, epoch, pinned } = asked;
  const who = caller === 'anonymous' ? [] : [caller.user, caller.tenant ?? null];
  return [
    [slice, route, requestId, traceId ?? null, at, method, httpVersion, target],
    [targets.legacy, targets.candidate, who, requestHeaders, servedBy, owner, epoch, pinned],
    answerFacts(legacy),
    answerFacts(candidate),
  ];
}

function answerFacts(answer: ObservedResponse): unknown[] {
  if ('failed' in answer) return [answer.failed, answer.durationMs];
  const { status, headers, body, truncated, durationMs } = answer;
  // The length says where one body ends and the next begins.
  return [status, headers, body.length, truncated, durationMs];
}

function addBody(hmac: Hmac, answer: ObservedResponse): void {
  if (!('failed' in answer)) hmac.update(answer.body);
}
