import fc from 'fast-check';
import pino from 'pino';
import { expect, test } from 'vitest';
import type { Outcome } from '../wire/outcome.ts';
import { type AccessLine, openAccessLog } from './access-log.ts';
import { createLogger } from './create-logger.ts';

const OUTCOME = {
  kind: 'completed',
  status: 200,
  requestBodyBytes: 0,
  responseBodyBytes: 260,
  reused: true,
} as Outcome;

const text = fc.string({ unit: 'binary' });
const line: fc.Arbitrary<AccessLine> = fc
  .record({
    requestId: text,
    traceId: fc.stringMatching(/^[0-9a-f]{32}$/),
    method: text,
    path: text,
    routed: fc.option(fc.record({ slice: text, route: text }), {
      nil: { slice: undefined, route: undefined },
    }),
    side: fc.constantFrom('legacy', 'candidate'),
    reason: fc.constantFrom('no-route', 'serve-flag-on'),
    attempts: fc.nat(3),
    durationMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
  })
  .map(({ requestId, traceId, method, path, routed, ...rest }) => ({
    requestId,
    traceId,
    method,
    path,
    ...routed,
    ...rest,
  }));

/** The only line, without its time. */
function written(lines: readonly string[]): string {
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^\{"level":30,"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",/);
  return lines[0]!.replace(/"time":"[^"]*"/, '"time":""');
}

test('a line that is put together here is what pino writes', () => {
  fc.assert(
    fc.property(line, (each) => {
      const [own, pinos]: string[][] = [[], []];
      const more = { worker: 1, text: '"\\' };
      openAccessLog(createLogger('info', { write: (piece) => void own!.push(piece) }, more))(each, OUTCOME);
      const logger = createLogger('info', { write: (piece) => void pinos!.push(piece) }, more);
      const { status, requestBodyBytes, responseBodyBytes, reused } = OUTCOME;
      logger.info({ ...each, status, requestBodyBytes, responseBodyBytes, reused }, 'request');
      expect(written(own!)).toBe(written(pinos!));
    }),
  );
});

test('a logger of another program writes it in its own way', () => {
  const lines: string[] = [];
  const logger = pino({ messageKey: 'text', base: null }, { write: (piece) => void lines.push(piece) });
  openAccessLog(logger)({ path: '/x', method: 'GET' } as AccessLine, OUTCOME);
  expect(JSON.parse(lines[0]!)).toMatchObject({ text: 'request', path: '/x', method: 'GET', status: 200 });
});

test('a logger that leaves out such lines gets none', () => {
  const lines: string[] = [];
  const logger = createLogger('warn', { write: (piece) => void lines.push(piece) });
  openAccessLog(logger)({ path: '/x', method: 'GET' } as AccessLine, OUTCOME);
  expect(lines).toEqual([]);
});
