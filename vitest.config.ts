import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/**
 * A test file's suffix says what it needs:
 * `.test.ts` nothing but the process (unit), `.http.test.ts` sockets on loopback, `.pg.test.ts` the shared
 * embedded PostgreSQL, `.e2e.test.ts` whole processes, `.timed.test.ts` PostgreSQL and the machine to itself: it holds a
 * promise in milliseconds, and runs when the others are done. Heavier parts live in vitest.real.config.ts, the packed packages in vitest.packages.config.ts, the model in vitest.model.config.ts.
 */
const needsMore = ['http', 'pg', 'e2e', 'timed', 'real', 'packages', 'model'].map(
  (need) => `**/*.${need}.test.ts`,
);
const never = ['**/node_modules/**', '.ficus/**'];

/** A condition is waited for as long as a busy machine may take; a second is what a quiet one takes. */
const expect = { poll: { timeout: 30_000 } };

// Hundreds of processes load the same modules: stripped and compiled once, half of each start is saved.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, '.ficus', 'compile-cache');

export default defineConfig({
  test: {
    // `isolate: false`: files share a worker, one after the other; a fresh process for each cost a sixth of the time.
    // Most tests wait for a process or a database rather than for the processor.
    maxWorkers: 5,
    reporters: ['default', './test/summary-reporter.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          expect,
          isolate: false,
          include: ['**/*.test.ts'],
          exclude: [...never, ...needsMore],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'http',
          expect,
          isolate: false,
          include: ['**/*.http.test.ts'],
          exclude: never,
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'pg',
          expect,
          isolate: false,
          include: ['**/*.pg.test.ts'],
          exclude: never,
          globalSetup: ['./test/postgres-setup.ts', './test/holding-setup.ts'],
          testTimeout: 90_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'e2e',
          expect,
          include: ['**/*.e2e.test.ts'],
          exclude: never,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'timed',
          expect,
          isolate: false,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
          include: ['**/*.timed.test.ts'],
          exclude: never,
          globalSetup: ['./test/postgres-setup.ts'],
          testTimeout: 90_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
