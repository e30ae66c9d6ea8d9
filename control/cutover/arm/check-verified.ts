/**
 * Both databases are equal: by a recent comparison of all rows, and by comparing again and again what has changed since,
 * until so little is left that the hold can compare the rest.
 */
import type { VerifyOutcome } from '../../replications/verify-runs.ts';
import type { Refusal } from '../attempt.ts';
import type { ArmContext } from './arm-context.ts';

/** Changes that were not streamed, made by hand on the new owner for instance, are found by comparisons of all rows alone. */
const OLDEST_MS = 24 * 60 * 60 * 1_000;
/** So few rows are compared in a few milliseconds. */
const SMALL_REST = 500;
const MOST_ROUNDS = 6;

export async function checkVerified(context: ArmContext): Promise<readonly Refusal[]> {
  const refusal = context.attempt.operation === 'cutover' ? await checkFull(context) : undefined;
  if (refusal) return [refusal];
  let isComparedWhole = false;
  let unclean: string | undefined;
  for (let round = 0; round < MOST_ROUNDS && !context.signal.aborted; round += 1) {
    const recent = await context.verifyRecent();
    // A stream that has started again does not know what changed before: all rows tell, and no client waits for that.
    const isUnknown = recent.changesUnknown && !isComparedWhole;
    unclean = describeUnclean(isUnknown ? await context.verifyFull() : recent);
    if (isUnknown) isComparedWhole = true;
    else if (unclean === undefined && isSmall(recent)) return [];
    // A comparison that ended without an answer leaves its rows to the next one, which has no others.
    const isForNext = !recent.changesUnknown && recent.verdict === 'inconclusive';
    if (unclean !== undefined && !isForNext) break;
  }
  if (unclean !== undefined) return [notVerified(unclean)];
  context.note(
    `More than ${SMALL_REST} rows change within each comparison: the hold has that many to compare.`,
  );
  return [];
}

const isSmall = ({ nothingChanged, rowsCompared }: VerifyOutcome): boolean =>
  nothingChanged || rowsCompared.source <= SMALL_REST;

/** Of all rows: recent, clean, and begun when the stream back missed nothing any more; otherwise it is made now. */
async function checkFull(context: ArmContext): Promise<Refusal | undefined> {
  const last = context.lastVerify();
  if (!last || last.mode === 'sample') return notVerified('All rows have not been compared yet.');
  if (last.verdict !== 'match')
    return notVerified(`The last comparison ended with ${last.verdict ?? 'a failure'}.`);
  const ageMs = context.now() - last.startedAtMs;
  if (ageMs > OLDEST_MS)
    return notVerified(`The last comparison is ${Math.round(ageMs / 3_600_000)} h old; 24 h are allowed.`);
  const madeAtMs = context.reverseMadeAtMs();
  const isEarly = madeAtMs !== undefined && last.startedAtMs < madeAtMs;
  if (last.mode === 'full' && !isEarly) return undefined;
  const unclean = describeUnclean(await context.verifyFull());
  return unclean === undefined ? undefined : notVerified(unclean);
}

function describeUnclean({ verdict, nothingChanged, reason, tables }: VerifyOutcome): string | undefined {
  if (verdict === 'match' || nothingChanged) return undefined;
  if (verdict === 'inconclusive') return reason ?? 'The comparison says nothing.';
  const rows = tables.reduce((sum, { missing, extra, different }) => sum + missing + extra + different, 0);
  return `${rows} ${rows === 1 ? 'row differs' : 'rows differ'} between the databases.`;
}

const notVerified = (message: string): Refusal => ({ code: 'FICUS_CUTOVER_NOT_VERIFIED', message });
