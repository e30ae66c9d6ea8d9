import { expect, test } from 'vitest';
import { jsonAnswer } from './observation.fixture.ts';
import { versionOf, withoutVersion } from './version-of.ts';

const answer = (...headers: [string, string][]) => ({ ...jsonAnswer('{}'), headers });
const failed = { failed: 'timeout', durationMs: 1 };
type Candidate = Parameters<typeof versionOf>[0];
const candidate = (over: Partial<Candidate>) => over as Candidate;

test.each([
  ['nothing is configured', {}, answer(['x-version', 'v1']), ''],
  ['the config names it', { version: 'v7' }, failed, 'v7'],
  ['the answer says it', { versionHeader: 'x-version' }, answer(['x-version', 'build 12']), 'build 12'],
  ['the answer does not say it', { versionHeader: 'x-version' }, answer(), ''],
  ['the answer says too much', { versionHeader: 'x-version' }, answer(['x-version', 'v'.repeat(101)]), ''],
  ['the answer says an escape', { versionHeader: 'x-version' }, answer(['x-version', 'v1\u001b[2J']), ''],
  ['there is no answer', { versionHeader: 'x-version' }, failed, undefined],
] as const)('%s', (_, config, response, version) => {
  expect(versionOf(candidate(config), response as Parameters<typeof versionOf>[1])).toBe(version);
});

test('the header is no difference', () => {
  const config = candidate({ versionHeader: 'x-version' });
  expect(withoutVersion(config, answer(['x-version', 'v1'], ['etag', '"a"']))).toEqual(
    answer(['etag', '"a"']),
  );
  expect(withoutVersion(candidate({}), answer(['x-version', 'v1']))).toEqual(answer(['x-version', 'v1']));
});
