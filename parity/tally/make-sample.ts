/** Turns an observation into a sample that may be stored: without people's values, bounded, with commands to ask again. */
import { type Observation, type Verdict, withoutCredentials } from '@ficus/core';
import type { KeptValues } from '../redact/kept-values.ts';
import { showTarget, targetPieces } from '../redact/shown-target.ts';
import { curlCommand, type ReproducedRequest } from '../reproduce/curl-command.ts';
import type { ParitySample } from './parity-tally.ts';

export interface SampleContext {
  /** Base URLs of the two upstreams. */
  readonly legacy: string;
  readonly candidate: string;
  /** The route's path in the config. */
  readonly pattern: string;
  /** Header of the identity assertion, if any, which only the candidate gets. */
  readonly assertionHeader?: string | undefined;
  /** Leaves out credentials that the candidate does not get: with them, it would answer something else. */
  readonly withhold?: (headers: ReproducedRequest['headers']) => ReproducedRequest['headers'];
  /** The same as of the comparison: equal values have equal stand-ins in the whole sample. */
  readonly kept: KeptValues;
}

export function makeSample(observation: Observation, verdict: Verdict, context: SampleContext): ParitySample {
  const { kept, assertionHeader, withhold = (headers) => headers } = context;
  const target = targetPieces(observation.target, context.pattern, kept);
  const request = {
    method: observation.method,
    target,
    headers: observation.requestHeaders
      .map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name]) => name !== assertionHeader),
  };
  const asserted = assertionHeader === undefined ? [] : [[assertionHeader, ''] as const];
  const candidateRequest = { ...request, headers: [...withhold(request.headers), ...asserted] };
  return {
    at: new Date(observation.at).toISOString(),
    route: observation.route,
    requestId: observation.requestId,
    traceId: observation.traceId,
    verdict: verdict.kind,
    request: `${observation.method} ${showTarget(target, kept)}`,
    differences: 'differences' in verdict ? verdict.differences : [],
    expiredRules: verdict.kind === 'mismatch' ? (verdict.expiredRules ?? []) : [],
    curl: {
      legacy: curlCommand(request, withoutCredentials(context.legacy), kept),
      candidate: curlCommand(candidateRequest, withoutCredentials(context.candidate), kept),
    },
  };
}
