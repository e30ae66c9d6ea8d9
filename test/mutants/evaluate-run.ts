/** What the run of a mutant's tests says about it. Pure. */
import type { NamedTest } from './mutant.ts';

export interface Failure {
  /** `expect` said so; not a timeout, a type error or a failed import. */
  readonly isAssertion: boolean;
  readonly message: string;
}

export interface TestOutcome extends NamedTest {
  readonly state: 'passed' | 'failed' | 'skipped' | 'pending';
  readonly failures: readonly Failure[];
}

export interface Outcomes {
  readonly tests: readonly TestOutcome[];
  /** Of no test: a module that could not be loaded, a run that ended early. */
  readonly outside: readonly Failure[];
}

export type Verdict =
  /** Each of its tests failed by an assertion; the first one's message. */
  | { readonly kind: 'caught'; readonly why: string }
  /** A test passed with the mutant in place. */
  | { readonly kind: 'survived'; readonly why: string }
  /** A test ended in another way, or did not run: nothing is known. */
  | { readonly kind: 'inconclusive'; readonly why: string };

export function evaluateMutant(expected: readonly NamedTest[], outcomes: Outcomes): Verdict {
  const verdicts = expected.map((named) => evaluateTest(named, outcomes));
  const byKind = (kind: Verdict['kind']) => verdicts.find((verdict) => verdict.kind === kind);
  return (
    byKind('survived') ??
    byKind('inconclusive') ??
    byKind('caught') ?? { kind: 'inconclusive', why: 'it names no test' }
  );
}

function evaluateTest(named: NamedTest, { tests, outside }: Outcomes): Verdict {
  const outcome = find(named, tests);
  if (!outcome) return { kind: 'inconclusive', why: `${said(outside)} (${named.test} did not run)` };
  if (outcome.state === 'passed') return { kind: 'survived', why: `${named.test} passed` };
  const assertion = outcome.failures.find(({ isAssertion }) => isAssertion);
  if (assertion) return { kind: 'caught', why: firstLine(assertion) };
  return { kind: 'inconclusive', why: `${named.test}: ${said(outcome.failures)}` };
}

/** Why these tests prove nothing about a mutant: without one each must pass. Undefined when they do. */
export function evaluateControl(expected: readonly NamedTest[], outcomes: Outcomes): string | undefined {
  for (const named of expected) {
    const outcome = find(named, outcomes.tests);
    if (!outcome) return `${named.file} has no test “${named.test}” (${said(outcomes.outside)})`;
    if (outcome.state !== 'passed')
      return `${named.test} fails without the mutant, too: ${said(outcome.failures)}`;
  }
  return undefined;
}

function find({ file, test }: NamedTest, tests: readonly TestOutcome[]): TestOutcome | undefined {
  return tests.find((one) => one.file === file && one.test === test && one.state !== 'skipped');
}

const firstLine = ({ message }: Failure): string => message.split('\n')[0] ?? '';
const said = ([first]: readonly Failure[]): string => (first ? firstLine(first) : 'no error');
