/**
 * Ends a run with what a reader of a long log looks for: each failure's place and message again, then the plain line
 * that scripts read: `N passed, N failed, N skipped`.
 */
import type { Reporter, TestModule } from 'vitest/node';

export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly { message?: string }[]): void {
    let passed = 0;
    let failed = unhandledErrors.length;
    let skipped = 0;
    const failures = unhandledErrors.map((error) => `outside any test: ${firstLines(error)}`);
    for (const module of modules) {
      let failedHere = 0;
      for (const test of module.children.allTests()) {
        const { state, errors } = test.result();
        if (state === 'passed') passed += 1;
        else if (state === 'failed') {
          failedHere += 1;
          failures.push(`${module.moduleId} > ${test.fullName}: ${firstLines(errors?.[0])}`);
        } else skipped += 1;
      }
      // A module that could not be loaded has no failed test, and is a failure all the same.
      if (failedHere === 0 && module.state() === 'failed') {
        failedHere = 1;
        failures.push(`${module.moduleId}: ${firstLines(module.errors()[0])}`);
      }
      failed += failedHere;
    }
    process.on('exit', () => {
      for (const failure of failures) console.log(`failed: ${failure}`);
      console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
    });
  }
}

const firstLines = (error: { message?: string } | undefined): string =>
  (error?.message ?? 'no message').split('\n').slice(0, 12).join('\n    ');
