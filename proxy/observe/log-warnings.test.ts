import { configSchema } from '@ficus/core';
import pino from 'pino';
import { expect, test } from 'vitest';
import { logWarnings } from './log-warnings.ts';

function warningsOf(slices: number, secret?: string): Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = [];
  const slice = (index: number) => ({
    candidate: { url: 'http://candidate.test' },
    routes: [{ id: 'list', path: `/${index}` }],
  });
  const identify = {
    user: { cookie: 'sid' },
    ...(secret && { jwt: { secret, issuer: 'i', audience: 'a' } }),
  };
  const config = configSchema.parse({
    version: 1,
    proxy: { identify },
    flags: { provider: 'file', file: 'flags.json' },
    legacy: { url: 'http://legacy.test' },
    slices: Object.fromEntries(Array.from({ length: slices }, (_, index) => [`s${index}`, slice(index)])),
  });
  logWarnings(config, pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) }));
  return lines;
}

test('equal warnings are one line with the first paths in words, and all of them as a field', () => {
  const lines = warningsOf(50, 'a-secret-of-20-bytes');
  expect(lines.map(({ count }) => count)).toEqual([undefined, 50]);
  expect(lines[1]).toMatchObject({ code: 'FICUS_CONFIG_WEAK', path: 'slices.s0.candidate.credentials' });
  expect(lines[1]?.paths).toHaveLength(50);
  expect(lines[1]?.msg).toMatch(
    /^slices\.s0\.candidate\.credentials, slices\.s1\.[a-z.]+, slices\.s2\.[a-z.]+ and 47 more: /,
  );
});

test('a warning alone has its path, as a word', () => {
  const [line] = warningsOf(1);
  expect(line).toMatchObject({ path: 'slices.s0.candidate.credentials' });
  expect(line).not.toHaveProperty('paths');
  expect(line?.msg).toMatch(/^slices\.s0\.candidate\.credentials: /);
});
