/** Turns an observation into a sample that may be stored: redacted, bounded, with commands to ask again. */
import type { Observation, Verdict } from '@ficus/core';
import { redactDifference, redactTarget } from '../redact/redact.ts';
import { curlCommand } from '../reproduce/curl-command.ts';
import type { ParitySample } from './parity-tally.ts';

/** Base URLs of the two upstreams, and fields that only the candidate gets. */
export interface SideUrls {
  readonly legacy: string;
  readonly candidate: string;
  /** Header of the identity assertion, if any: to be filled in like any other secret. */
  readonly assertionHeader?: string | undefined;
  /** Headers that identify the caller, in lower case: secret as well. */
  readonly callerHeaders?: readonly string[] | undefined;
}

export function makeSample(observation: Observation, verdict: Verdict, urls: SideUrls): ParitySample {
  const request = {
    method: observation.method,
    target: observation.target,
    headers: observation.requestHeaders
      .map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name]) => name !== urls.assertionHeader),
  };
  const secrets = urls.callerHeaders ?? [];
  const asserted = urls.assertionHeader === undefined ? [] : [[urls.assertionHeader, ''] as const];
  return {
    at: new Date(observation.at).toISOString(),
    route: observation.route,
    requestId: observation.requestId,
    traceId: observation.traceId,
    verdict: verdict.kind,
    request: `${observation.method} ${redactTarget(observation.target)}`,
    differences: 'differences' in verdict ? verdict.differences.map(redactDifference) : [],
    expiredRules: verdict.kind === 'mismatch' ? (verdict.expiredRules ?? []) : [],
    curl: {
      legacy: curlCommand(request, urls.legacy, secrets),
      candidate: curlCommand({ ...request, headers: [...request.headers, ...asserted] }, urls.candidate, [
        ...secrets,
        ...asserted.map(([name]) => name),
      ]),
    },
  };
}
