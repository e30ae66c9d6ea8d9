/**
 * A run of verify as the API shows it: bounded examples, keys by which the rows can be found, and stand-ins for what is in
 * them.
 */
import type { Difference } from '@ficus/cdc';
import type { VerifyView } from '@ficus/contract';
import { FicusError, isShownKey } from '@ficus/core';
import { isHarmless, KeptValues } from '@ficus/parity';
import type { RunMode, VerifyOutcome, VerifyRun } from '../replications/verify-runs.ts';

/** What a run found, whatever version the candidate has. */
type VerifyFound = Omit<VerifyView, 'version' | 'ofEarlierVersion'>;

export function buildVerifyView(run: VerifyRun): VerifyFound {
  const { state, mode, startedAt, progress } = run;
  const begun = { ...NOTHING_FOUND, state, ...describeMode(mode), startedAt, ...progress };
  switch (run.state) {
    case 'running':
      return begun;
    case 'failed':
      return { ...begun, finishedAt: run.finishedAt, problem: problemOf(run.error) };
    case 'done':
      return { ...begun, finishedAt: run.finishedAt, ...describeOutcome(run.outcome) };
  }
}

const NOTHING_FOUND = {
  finishedAt: null,
  verdict: null,
  equal: null,
  reason: null,
  nothingChanged: false,
  tables: [],
  differences: [],
  differencesNotListed: 0,
  problem: null,
} satisfies Partial<VerifyView>;

function describeOutcome(outcome: VerifyOutcome): Partial<VerifyView> {
  const differences = differencesOf(outcome);
  const rows = outcome.rowsCompared.source;
  return {
    verdict: outcome.verdict,
    equal: outcome.verdict === 'inconclusive' ? null : outcome.verdict === 'match',
    reason: outcome.reason ?? null,
    nothingChanged: outcome.nothingChanged,
    rowsCompared: rows,
    rowsTotal: rows,
    rowsPerSecond: outcome.rowsPerSecond,
    tables: outcome.tables.map((table) => withExamples(table, differences)),
    differences,
    differencesNotListed: outcome.differencesNotListed,
  };
}

function describeMode(mode: RunMode): Pick<VerifyView, 'mode' | 'sample'> {
  return typeof mode === 'string' ? { mode, sample: null } : { mode: 'sample', sample: mode.sample };
}

function problemOf(error: unknown): NonNullable<VerifyView['problem']> {
  if (error instanceof FicusError) return { code: error.code, message: error.message, remedy: error.remedy };
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'FICUS_INTERNAL', message, remedy: 'Run verify again; the log has the cause.' };
}

/** One run, one set of stand-ins: the view may be built many times. */
const shown = new WeakMap<VerifyOutcome, VerifyView['differences']>();

function differencesOf(outcome: VerifyOutcome): VerifyView['differences'] {
  let known = shown.get(outcome);
  if (known === undefined) {
    const kept = new KeptValues();
    known = outcome.differences.map((difference) => shownDifference(difference, kept));
    shown.set(outcome, known);
  }
  return known;
}

function shownDifference(
  { columns, key, ...rest }: Difference,
  kept: KeptValues,
): VerifyView['differences'][number] {
  const keyOf = (value: string | null) =>
    value === null || isShownKey(value) ? value : kept.standIns.of(value);
  return {
    ...rest,
    key: Object.fromEntries(Object.entries(key).map(([name, value]) => [name, keyOf(value)])),
    columns: columns.map(({ name, expected, found }) => ({ name, ...shownValues(expected, found, kept) })),
  };
}

function shownValues(expected: string | null, found: string | null, kept: KeptValues) {
  const show = (value: string) => (isHarmless(value) ? value : kept.standIns.of(value));
  if (expected === null || found === null)
    return { expected: expected && show(expected), found: found && show(found) };
  const [left, right] = kept.tellApart([show(expected), show(found)], () => [expected, found]);
  return { expected: left, found: right };
}

const MOST_EXAMPLES = 5;

function withExamples(
  table: VerifyOutcome['tables'][number],
  differences: VerifyView['differences'],
): VerifyView['tables'][number] {
  const { equal, missing, extra, different, unsettled } = table;
  const own = differences.filter(({ from, to }) => from === table.from && to === table.to);
  return {
    ...table,
    rowsCompared: equal + missing + extra + different + unsettled,
    examples: own.slice(0, MOST_EXAMPLES).map(({ kind, key, rows, columns }) => ({
      kind,
      key: Object.values(key).join(', '),
      rows,
      columns: columns.map(({ name }) => name),
    })),
  };
}
