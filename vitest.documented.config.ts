import { defineConfig } from 'vitest/config';

/**
 * The http suites a second time, without Node's internals (docs/adr/0007): what a Node that lacks them does. Left out is
 * what describes the internals themselves, and requests that are refused
 * without them.
 */
process.env.FICUS_NODE_INTERNALS = 'avoid';

export default defineConfig({
  test: {
    reporters: ['default', './test/summary-reporter.ts'],
    include: ['test/{integration/forward,security}/*.http.test.ts'],
    exclude: ['**/{internals,write-batch,odd-requests}.http.test.ts'],
    // Node writes `name: value` with one space, and knows no interim responses but three (documented-response.ts).
    testNamePattern: /^(?!.*(space around values back|several interim responses))/,
    expect: { poll: { timeout: 30_000 } },
    isolate: false,
    testTimeout: 60_000,
  },
});
