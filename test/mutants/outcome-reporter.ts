/** A reporter of vitest that writes what became of each test, with the kinds of its errors, to FICUS_MUTANT_OUTCOMES. */
import { writeFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';
import type { Failure, Outcomes, TestOutcome } from './evaluate-run.ts';

export default class OutcomeReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const tests: TestOutcome[] = modules.flatMap((module) =>
      [...module.children.allTests()].map((test) => {
        const { state, errors = [] } = test.result();
        return { file: module.relativeModuleId, test: test.fullName, state, failures: errors.map(toFailure) };
      }),
    );
    const outside = [...unhandledErrors, ...modules.flatMap((module) => module.errors())].map(toFailure);
    writeFileSync(process.env.FICUS_MUTANT_OUTCOMES!, JSON.stringify({ tests, outside } satisfies Outcomes));
  }
}

/** A property that fails has the assertion as its cause. */
function toFailure(error: unknown): Failure {
  const { name = '', message = '', cause } = error as { name?: string; message?: string; cause?: unknown };
  const inner = cause === undefined || cause === null ? undefined : toFailure(cause);
  const isAssertion = name === 'AssertionError';
  return isAssertion || !inner?.isAssertion ? { isAssertion, message: `${name}: ${message}` } : inner;
}
