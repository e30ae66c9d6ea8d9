/**
 * A proxy's signature over an observation: request, fields, verified caller, and both answers. The control plane asks
 * again what proxies report, and signs assertions for callers that they name; without the seal, any program that may
 * report could obtain an assertion for any user.
 *
 * Its keys are derived from those of `proxy.identify.assert`: anyone with these can make assertions anyway. While a key
 * is being replaced, proxy and control plane may sign with different ones: any of them is accepted.
 */
import { createHmac, createSecretKey, type Hmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { Observation, ObservedResponse, ReportRefusal } from '@ficus/core';

const PURPOSE = 'ficus observation';
/** How long a seal is valid, with room for clocks that differ; the control plane takes each once. */
export const SEAL_VALID_MS = 5 * 60_000;

export class Seal {
  /** Key objects: from bytes Node would prepare the key for each signature, which costs more than the signature. */
  readonly #keys: readonly KeyObject[];

  /** @param secrets of `proxy.identify.assert`: the first signs */
  constructor(secrets: readonly (string | Buffer)[]) {
    this.#keys = secrets.map((secret) =>
      createSecretKey(createHmac('sha256', secret).update(PURPOSE).digest()),
    );
  }

  /** The seal of an observation. */
  of(observation: Observation): string {
    return sealWith(this.#keys[0]!, observation);
  }

  /** What is wrong with the seal that an observation carries, or undefined. @param now milliseconds since the epoch */
  refusal(observation: Observation, now: number): ReportRefusal | undefined {
    const given = Buffer.from(observation.seal ?? '');
    const isRight = this.#keys.some((key) => {
      const right = Buffer.from(sealWith(key, observation));
      return given.length === right.length && timingSafeEqual(given, right);
    });
    if (!isRight) return 'seal-wrong';
    return Math.abs(now - observation.at) > SEAL_VALID_MS ? 'seal-expired' : undefined;
  }
}

function sealWith(key: KeyObject, observation: Observation): string {
  const hmac = createHmac('sha256', key).update(JSON.stringify(factsOf(observation)));
  addBody(hmac, observation.legacy);
  addBody(hmac, observation.candidate);
  return hmac.digest('base64url');
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
