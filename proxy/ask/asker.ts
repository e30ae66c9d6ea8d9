/**
 * Asks one side one request again, exactly as the proxy would have asked it: the route's rewrite, the upstream's
 * addresses and TLS, the client's fields, an identity assertion for the verified caller, the mark `x-ficus-shadow`.
 * Used by shadow copies, and by the control plane when it confirms a mismatch.
 *
 * The caller's identity never comes from the request's fields. Asking never throws: a missing answer is a result too.
 */
import {
  type AskedRequest,
  type FicusConfig,
  isComparable,
  type Observation,
  type ObservedResponse,
  type ReportRefusal,
  type Side,
} from '@ficus/core';
import { RemovedFields } from '../accept/removed-fields.ts';
import { IdentityAssertion } from '../identify/assertion.ts';
import { ANONYMOUS } from '../identify/identity.ts';
import { readAssertionKeys } from '../keys/assertion-keys.ts';
import { type CopyLimits, type CopyResult, sendCopy } from '../upstream/send-copy.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { buildRequestHead, type HeadChanges, type HeadSource } from '../wire/request-head.ts';
import { type AskedRoute, type AskedRoutes, type AskedUpstreams, makeAskedRoutes } from './asked-routes.ts';
import { addCandidateFields } from './candidate-fields.ts';
import { Seal } from './seal.ts';

export class Asker {
  readonly #legacy: Upstream;
  readonly #routes: AskedRoutes;
  readonly #limits: CopyLimits;
  readonly #assertion: IdentityAssertion | undefined;
  readonly #seal: Seal | undefined;
  readonly #removedForLegacy: RemovedFields;
  readonly #nowMs: () => number;

  /** @param nowMs milliseconds since the epoch */
  constructor(config: FicusConfig, upstreams: AskedUpstreams, nowMs: () => number) {
    const { assert } = config.proxy.identify;
    this.#legacy = upstreams.legacy;
    this.#routes = makeAskedRoutes(config, upstreams);
    this.#limits = config.proxy.shadow;
    this.#assertion = assert && new IdentityAssertion(assert);
    this.#seal = assert && new Seal(readAssertionKeys(assert).secrets);
    this.#removedForLegacy = new RemovedFields(assert ? [assert.header] : [], { keepsForwarded: true });
    this.#nowMs = nowMs;
  }

  /** The target as each side gets it. @param canonical the target's canonical path */
  targets(slice: string, route: string, target: string, canonical: string): Record<Side, string> {
    return this.#routeOf(slice, route).targets(target, canonical);
  }

  /** The proxy's signature over an observation, where assertions are configured. */
  seal(observation: Observation): string | undefined {
    return this.#seal?.of(observation);
  }

  /** Why an observation is not from a proxy that knows the secret of assertions, or undefined. */
  sealRefusal(observation: Observation): ReportRefusal | undefined {
    return this.#seal?.refusal(observation, this.#nowMs());
  }

  /** Why this config's proxies would not have sent such a request, or undefined. */
  refusal(asked: AskedRequest): ReportRefusal | undefined {
    const slice = this.#routes.get(asked.slice);
    if (slice === undefined) return 'slice-unknown';
    const route = slice.get(asked.route);
    if (route === undefined) return 'route-unknown';
    const path = route.pathOf(asked.method, asked.target);
    if (path === undefined) return 'target-off-route';
    if (!route.isRead || !isComparable(asked.method)) return 'never-copied';
    const { legacy, candidate } = route.targets(asked.target, path);
    if (asked.targets.legacy !== legacy || asked.targets.candidate !== candidate)
      return 'target-not-as-rewritten';
    return undefined;
  }

  /** Asks; bounded by `proxy.shadow`'s deadline and body. */
  ask(side: Side, asked: AskedRequest): Promise<ObservedResponse> {
    const route = this.#routeOf(asked.slice, asked.route);
    const upstream = side === 'legacy' ? this.#legacy : route.candidate;
    const head = buildRequestHead(headSource(asked), this.#changes(side, route, asked), upstream, 'copy');
    if (head.error !== '') return Promise.resolve({ failed: `invalid: ${head.error}`, durationMs: 0 });
    return new Promise((resolve) => {
      const { text, connectionLogin } = head;
      const copy = { method: asked.method, head: text, connectionLogin };
      sendCopy(upstream, copy, this.#limits, (result) => resolve(observedOf(result)));
    });
  }

  #changes(side: Side, route: AskedRoute, asked: AskedRequest): HeadChanges {
    const target = asked.targets[side];
    const setHeaders = ['x-ficus-shadow', '1'];
    if (side === 'legacy') return { target, setHeaders, removeHeaders: this.#removedForLegacy };
    const caller = asked.caller === 'anonymous' ? ANONYMOUS : { ...ANONYMOUS, ...asked.caller };
    const { rewrite, removed: removeHeaders } = route;
    addCandidateFields(setHeaders, rewrite, this.#assertion, caller, asked.slice, this.#nowMs());
    return { target, setHeaders, removeHeaders };
  }

  /** @throws Error for a route that the config does not have: check `refusal` first */
  #routeOf(slice: string, route: string): AskedRoute {
    const known = this.#routes.get(slice)?.get(route);
    if (known === undefined) throw new Error(`The config has no route ${slice}/${route}.`);
    return known;
  }
}

function headSource({ method, target, requestHeaders, httpVersion }: AskedRequest): HeadSource {
  const httpVersionMinor = httpVersion === '1.0' ? 0 : 1;
  return { method, url: target, rawHeaders: requestHeaders.flat(), httpVersionMinor };
}

function observedOf(result: CopyResult): ObservedResponse {
  if (result.kind === 'failed')
    return { failed: `${result.cause}: ${result.detail}`, durationMs: result.durationMs };
  const { status, headers, body, truncated, durationMs } = result;
  return { status, headers: toPairs(headers), body, truncated, durationMs };
}

/** A flat list as in an observation: names in lower case. */
export function toPairs(flat: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let index = 0; index < flat.length; index += 2)
    pairs.push([flat[index]!.toLowerCase(), flat[index + 1]!]);
  return pairs;
}
