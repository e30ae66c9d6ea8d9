import { FicusError } from '@ficus/core';
import { afterEach, expect, test, vi } from 'vitest';
import { reportFailure } from './report-failure.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

test('the stack of a debug level shows no password either, and keeps its lines', () => {
  vi.stubEnv('FICUS_LOG_LEVEL', 'debug');
  let shown = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    shown += String(text);
    return true;
  });
  const error = new Error('no route to postgres://ida:hunter2@h/shop');
  expect(reportFailure(error, { json: false })).toBeGreaterThan(0);
  expect(shown).toContain('postgres://h/shop');
  expect(shown).toMatch(/\n +at .*report-failure\.test/);
  expect(shown).not.toContain('hunter2');
});

test('what to do names the slice that the command was about', () => {
  let shown = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    shown += String(text);
    return true;
  });
  const busy = new FicusError('FICUS_CUTOVER_BUSY', 'A cutover is under way.');
  reportFailure(busy, { json: false, slice: 'notes' });
  expect(shown).toContain('`ficus status notes`');
  expect(shown).toContain('`ficus cutover notes --resume`');
});
