/**
 * One comparison: the answers of legacy and candidate to the same request → verdict. Pure. The legacy is the control:
 * where it failed itself, or turned the caller away as the candidate did, the answer is inconclusive.
 *
 * What it cannot see: side effects, anything beyond the kept part of a body, members named twice in one JSON object,
 * the values of cookies, and time.
 */
import type { ObservedResponse, Verdict } from '@ficus/core';
import { KeptValues } from '../redact/kept-values.ts';
import { NO_RULES, type PreparedRules } from '../rules/ignore-rules.ts';
import { type ComparedBody, compareBodies } from './compare-bodies.ts';
import { compareHeaders, headerValue, type SideOrigins } from './compare-headers.ts';
import { DifferenceCollector } from './difference-collector.ts';

export interface CompareOptions {
  readonly rules?: PreparedRules;
  readonly origins?: SideOrigins;
  /** What the differences show; by default stand-ins for nearly everything. */
  readonly kept?: KeptValues;
}

type Answer = Extract<ObservedResponse, { status: number }>;

/** Login needed, here or at a proxy; too many requests. A 403 is the application's own answer. */
const REFUSALS: ReadonlySet<number> = new Set([401, 407, 429]);

const NO_ORIGINS: SideOrigins = { legacy: [], candidate: [] };

/** Compares two answers to the same request. */
export function compareResponses(
  legacy: ObservedResponse,
  candidate: ObservedResponse,
  options: CompareOptions = {},
): Verdict {
  const [legacyFailure, candidateFailure] = [failure(legacy), failure(candidate)];
  if (legacyFailure !== undefined && candidateFailure !== undefined)
    return { kind: 'inconclusive', reason: 'both sides failed' };
  if (legacyFailure !== undefined || 'failed' in legacy)
    return { kind: 'inconclusive', reason: `the legacy failed (${legacyFailure})` };

  const found = new DifferenceCollector(options.rules ?? NO_RULES, options.kept ?? new KeptValues());
  if (candidateFailure !== undefined || 'failed' in candidate) {
    found.add({ area: 'status' }, () => [String(legacy.status), candidateFailure ?? 'failed']);
    return conclude(found);
  }
  return compareAnswers(legacy, candidate, options.origins ?? NO_ORIGINS, found);
}

/** Why this answer cannot be compared: it never came, or it is a failure of the server. */
function failure(response: ObservedResponse): string | undefined {
  if ('failed' in response) return `failed: ${response.failed}`;
  return response.status >= 500 ? String(response.status) : undefined;
}

function compareAnswers(
  legacy: Answer,
  candidate: Answer,
  origins: SideOrigins,
  found: DifferenceCollector,
): Verdict {
  // The validator came from one side; the other has its own, and rightly sends everything.
  if (legacy.status !== candidate.status && [legacy.status, candidate.status].includes(304))
    return { kind: 'inconclusive', reason: 'one side answered from the client’s cache (304)' };
  if (legacy.status !== candidate.status)
    found.add({ area: 'status' }, () => [String(legacy.status), String(candidate.status)]);
  compareHeaders(legacy.headers, candidate.headers, origins, found);
  const truncated = legacy.truncated || candidate.truncated;
  const incomparable = truncated
    ? 'a body was longer than its kept part'
    : compareBodies(comparedBody(legacy), comparedBody(candidate), found);
  // Half a comparison proves a difference, never a match, and neither do two refusals.
  const reason = incomparable ?? refusal(legacy.status);
  if (reason !== undefined && found.differences.length === 0) return { kind: 'inconclusive', reason };
  return conclude(found);
}

/** Whether the caller was turned away before anything was done of what was asked. */
export const isRefusal = (status: number): boolean => REFUSALS.has(status);

const refusal = (status: number): string | undefined =>
  isRefusal(status) ? `both sides refused the caller (${status})` : undefined;

function comparedBody(answer: Answer): ComparedBody {
  return {
    bytes: answer.body,
    contentType: headerValue(answer.headers, 'content-type'),
    contentEncoding: headerValue(answer.headers, 'content-encoding'),
  };
}

function conclude(found: DifferenceCollector): Verdict {
  if (found.differences.length > 0) {
    const expired = [...found.expiredRules];
    return {
      kind: 'mismatch',
      differences: found.differences,
      ...(expired.length > 0 ? { expiredRules: expired } : {}),
    };
  }
  return found.rules.size > 0 ? { kind: 'noise', rules: [...found.rules] } : { kind: 'match' };
}
