/** The promises that the demo's figures are checked against. Pure. */
import type { ChangeFigures, ChangeOperation, DemoFigures, LookUp, StageFigures } from './demo-figures.ts';

export interface Check {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly bound: string;
  readonly ok: boolean;
}

/** Sticky percentages move whole users: with a thousand of them a share is off by a point or two, never by five. */
const SHARE_TOLERANCE_POINTS = 5;
/** At this bound an attempt is abandoned, and its writes continue. */
const MOST_PAUSE_MS = 2_000;

/** One check per promise. "Nothing was compared" and "nothing was measured" fail. */
export function evaluateDemo(figures: DemoFigures): Check[] {
  const operations: ChangeOperation[] = figures.ending === 'retire' ? ['cutover'] : ['cutover', 'rollback'];
  return [
    isSome('requests', figures.requests, 'requests'),
    isNone('failures', figures.failures, 'requests'),
    ...figures.stages.map(checkShare),
    isNone('users who changed sides while the percentage rose', figures.usersMovedBack, 'users'),
    isSome('reads checked after a user’s own write', figures.readsAfterWrite, 'reads'),
    isNone('stale reads after a user’s own write', figures.staleReads, 'reads'),
    ...checkAnswers(figures),
    isSome('lag samples', figures.lagMs.samples, 'samples'),
    ...operations.flatMap((operation) => checkChange(operation, figures.changes)),
    check(
      'writes past the proxy that the fence refused',
      Number(figures.sideDoor?.sqlState === 'FI001'),
      'writes',
      '= 1',
      figures.sideDoor?.sqlState === 'FI001',
    ),
    ...(figures.ending === 'retire'
      ? [check('retired', Number(figures.retired), 'slices', '= 1', figures.retired)]
      : []),
    ...checkWrites(figures),
    ...checkRows(figures),
  ];
}

const check = (name: string, value: number, unit: string, bound: string, ok: boolean): Check => ({
  name,
  value,
  unit,
  bound,
  ok,
});
const isNone = (name: string, value: number, unit: string): Check =>
  check(name, value, unit, '= 0', value === 0);
const isSome = (name: string, value: number, unit: string): Check =>
  check(name, value, unit, '> 0', value > 0);

function checkShare({ stage, users, measuredPercent, askedPercent }: StageFigures): Check {
  if (users === 0) return isSome(`users seen in ${stage}`, 0, 'users');
  const off = Math.abs(measuredPercent - askedPercent);
  const bound = askedPercent === 0 || askedPercent === 100 ? 0 : SHARE_TOLERANCE_POINTS;
  return check(`share in ${stage}`, measuredPercent, '%', `${askedPercent} ± ${bound}`, off <= bound);
}

function checkAnswers({ parity: { match, mismatch } }: DemoFigures): Check[] {
  const compared = match + mismatch;
  return [
    isSome('comparisons', compared, 'comparisons'),
    check('mismatches', mismatch, 'comparisons', '= 0', compared > 0 && mismatch === 0),
  ];
}

function checkChange(operation: ChangeOperation, changes: readonly ChangeFigures[]): Check[] {
  const change = changes.find((each) => each.operation === operation);
  const { pauseMs = null, isDone = false } = change ?? {};
  return [
    check(`${operation}s made`, Number(isDone), 'changes', '= 1', isDone),
    check(
      `pause of writes, ${operation}`,
      Math.round(pauseMs ?? 0),
      'ms',
      `≤ ${MOST_PAUSE_MS}`,
      pauseMs !== null && pauseMs <= MOST_PAUSE_MS,
    ),
    isSome(`writes of clients during the ${operation}`, change?.clients.writes ?? 0, 'writes'),
  ];
}

function checkWrites({
  sliceWrites: { acknowledged, failed, takenBy, onLegacy, onCandidate },
}: DemoFigures): Check[] {
  return [
    isSome('writes acknowledged', acknowledged, 'writes'),
    isSome('writes that the service took', takenBy.candidate, 'writes'),
    isNone('writes refused or failed', failed, 'writes'),
    ...checkLookUp('monolith', onLegacy),
    ...checkLookUp('service', onCandidate),
  ];
}

function checkLookUp(where: string, { lookedUp, missing, twice }: LookUp): Check[] {
  return [
    isSome(`acknowledged writes looked up in the ${where}’s database`, lookedUp, 'writes'),
    isNone(`acknowledged writes missing in the ${where}’s database`, missing, 'writes'),
    isNone(`writes made twice in the ${where}’s database`, twice, 'writes'),
  ];
}

function checkRows({ rows: { legacy, candidate, different } }: DemoFigures): Check[] {
  const isEqual = legacy > 0 && different === 0 && legacy === candidate;
  return [
    isSome('rows compared', legacy, 'rows'),
    check('rows that differ', different, 'rows', '= 0', isEqual),
  ];
}
