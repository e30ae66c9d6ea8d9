/**
 * The observations of a batch, each checked by itself: a malformed one, or one from a proxy of another version, is
 * refused and counted, and the others are kept. Lazy, and `undefined` for one that is refused: other requests get their turn while
 * a long batch is checked.
 */
import { decodeObservation, formatProblem, type Observation } from '@ficus/core';
import { z } from 'zod';
import type { RefusedReports, ReportNames } from '../traffic/refused-reports.ts';
import { observationBody } from './link-schemas.ts';

export function* parseObservations(
  batch: readonly unknown[],
  refused: RefusedReports,
): Generator<Observation | undefined> {
  for (const reported of batch) {
    const parsed = observationBody.safeParse(reported);
    if (parsed.success) yield decodeObservation(parsed.data);
    else yield void refused.add('observation', 'shape-wrong', namesOf(reported), problemOf(parsed.error));
  }
}

const name = z.string().max(200).optional().catch(undefined);
const names = z.object({ slice: name, route: name, requestId: name }).catch({});

function namesOf(reported: unknown): ReportNames {
  const { slice = '', route, requestId } = names.parse(reported);
  return { slice, route, requestId };
}

/** The first problem is enough for the log, and problems contain no values. */
function problemOf({ issues: [first] }: z.ZodError): string {
  if (!first) return '';
  const path = first.path.filter((step) => typeof step !== 'symbol');
  return formatProblem({ path: ['observation', ...path], message: first.message });
}
