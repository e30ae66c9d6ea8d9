import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { percentFlag } from '@ficus/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FileFlagStore } from './file-flag-store.ts';
import type { FlagChange, JudgeChange } from './flag-store.ts';
import { withoutAudit } from './foreign-audit.ts';

let directory: string;
let file: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ficus-flags-'));
  file = join(directory, 'flags.json');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const keep = (percent: number) =>
  writeFile(file, JSON.stringify({ version: 2, features: [percentFlag('notes.serve', 'notes', percent)] }));
const to = (percent: number): FlagChange => ({
  slice: 'notes',
  kind: 'serve',
  percent,
  actor: 'ada',
  reason: 'because',
});

test('of two simultaneous changes, the second is judged by the result of the first', async () => {
  await keep(50);
  const flags = new FileFlagStore(file, withoutAudit);
  const seen: (number | null)[] = [];
  const judge: JudgeChange = (before) => {
    seen.push(before);
    return '';
  };
  await Promise.all([flags.set(to(0), judge), flags.set(to(40), judge)]);
  expect(seen).toEqual([50, 0]);
});

test('a change is judged by the file, not by an earlier reading', async () => {
  await keep(50);
  const flags = new FileFlagStore(file, withoutAudit);
  await flags.set(to(60));
  await keep(5);
  const refusal = new Error('held back');
  const raise = flags.set(to(40), (before) => {
    if (before === 5) throw refusal;
    return '';
  });
  await expect(raise).rejects.toBe(refusal);
  expect(await flags.set(to(1))).toBe(5);
});

test('the judge’s notes are in the audit', async () => {
  const reasons: string[] = [];
  const flags = new FileFlagStore(file, async (change, _previous, make) => {
    reasons.push(change.reason);
    await make();
  });
  await flags.set(to(1), () => '(forced)');
  expect(reasons).toEqual(['because (forced)']);
});
