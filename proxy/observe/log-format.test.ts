import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { formatLogLine, logFormat } from './log-format.ts';

const plain = (fields: object): string =>
  formatLogLine(
    `${JSON.stringify({ level: 30, time: '2026-01-01T12:00:00.250Z', service: 'ficus-proxy', version: '1', ...fields })}\n`,
    false,
  ).replace(/^\d\d:00:00\.250 /, '');

test.each([
  [{}, true, 'lines'],
  [{}, false, 'json'],
  [{ FICUS_LOG_FORMAT: 'json' }, true, 'json'],
  [{ FICUS_LOG_FORMAT: 'lines' }, false, 'lines'],
  [{ FICUS_LOG_FORMAT: 'other' }, false, 'json'],
] as const)('%o, terminal %s: %s', (environment, isTerminal, format) => {
  expect(logFormat(environment, isTerminal)).toBe(format);
});

test('time, level, process, message, fields', () => {
  expect(plain({ address: 'http://127.0.0.1:8080', workers: 2, msg: 'listening' })).toBe(
    'INFO  proxy   listening address=http://127.0.0.1:8080 workers=2\n',
  );
  expect(plain({ level: 50, service: 'ficus', reason: 'it is "away" now', msg: 'gone' })).toBe(
    'ERROR         gone reason="it is \\"away\\" now"\n',
  );
});

test('a request is one glance; only a failed one has its id', () => {
  const request = {
    ...{
      worker: 7,
      requestId: 'r1',
      traceId: 't1',
      method: 'GET',
      path: '/api/notes',
      slice: 'notes',
      route: 'list',
    },
    ...{ side: 'candidate', reason: 'serve-flag-on', attempts: 1, durationMs: 3.1449, reused: true },
  };
  expect(plain({ ...request, status: 200, requestBodyBytes: 0, responseBodyBytes: 12, msg: 'request' })).toBe(
    'INFO  proxy   GET /api/notes 200 3.14 ms candidate (serve-flag-on) notes/list\n',
  );
  const failed = {
    level: 40,
    attempts: 2,
    status: 504,
    phase: 'receive',
    cause: 'timeout',
    msg: 'request failed',
  };
  expect(plain({ ...request, ...failed })).toBe(
    'WARN  proxy   GET /api/notes 504 3.14 ms candidate (serve-flag-on) notes/list request failed requestId=r1 attempts=2 phase=receive cause=timeout\n',
  );
});

test('what the message says already is not said twice', () => {
  expect(plain({ path: 'slices.a', msg: 'slices.a: is weak' })).toBe('INFO  proxy   slices.a: is weak\n');
});

test('an error has its type, its message and where it was thrown', () => {
  const err = {
    type: 'TypeError',
    message: 'x is not y',
    stack: 'TypeError: x is not y\n    at a (b.ts:1:2)\n    at c',
  };
  expect(plain({ err, msg: 'reload failed' })).toBe(
    'INFO  proxy   reload failed TypeError: x is not y at a (b.ts:1:2)\n',
  );
});

test('strangers move no cursor, colour nothing, and begin no line', () => {
  const evil = '\u001b[2J\u001b]0;title\u0007\n12:00:00.000 INFO  fake\r\u009b1A\u202e';
  const request = { method: evil, path: `/${evil}`, durationMs: 1, side: evil, slice: evil, route: evil };
  const err = { type: evil, message: evil, stack: `${evil}\n    at ${evil}` };
  for (const line of [
    plain({ ...request, msg: 'request' }),
    plain({ msg: evil, [evil]: evil, list: [evil], err }),
    plain({ msg: { odd: evil }, service: evil, time: evil }),
    formatLogLine(`not JSON ${evil}\n`, false),
  ]) {
    expect(line.slice(0, -1)).not.toMatch(/[\p{Cc}\u202e]/u);
    expect(line.endsWith('\n')).toBe(true);
  }
});

test('colours are around our own words only', () => {
  const line = formatLogLine('{"level":50,"time":0,"service":"ficus-control","msg":"gone","a":1}\n', true);
  expect(line).toMatch(/\[31mERROR/);
  expect(stripVTControlCharacters(line)).toMatch(/ERROR control gone a=1\n$/);
});
