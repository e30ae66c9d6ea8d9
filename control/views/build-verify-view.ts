/** A run of verify as the API shows it: bounded examples, and no values that look like secrets. */
import type { Difference } from '@ficus/cdc';
import type { VerifyView } from '@ficus/contract';
import { FicusError } from '@ficus/core';
import { redactDifference } from '@ficus/parity';
import type { RunMode, VerifyOutcome, VerifyRun } from '../replications/verify-runs.ts';

export function buildVerifyView(run: VerifyRun): VerifyView {
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
  const differences = outcome.differences.map(redactedDifference);
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

/** Rows contain user data: secrets and personal data stay in the databases. */
function redactedDifference({ columns, key, ...rest }: Difference): VerifyView['differences'][number] {
  const hide = (name: string, value: string | null) =>
    value === null ? null : redactDifference({ path: `$.${name}`, legacy: value, candidate: '' }).legacy;
  return {
    ...rest,
    key: Object.fromEntries(Object.entries(key).map(([name, value]) => [name, hide(name, value)])),
    columns: columns.map(({ name, expected, found }) => ({
      name,
      expected: hide(name, expected),
      found: hide(name, found),
    })),
  };
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
