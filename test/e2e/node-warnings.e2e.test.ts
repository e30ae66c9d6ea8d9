/** The guard of run-command.ts itself: a warning of Node is found, also in a process that a process has started. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { watchWarnings } from '../parts/node-warnings.ts';

const LISTENERS = `const e = new (require('node:events'))(); for (let i = 0; i < 11; i += 1) e.on('x', () => {});`;
const CHILD = `require('node:child_process').spawnSync(process.execPath, ['-e', ${JSON.stringify(LISTENERS)}])`;

test.each([
  ['a process', LISTENERS, 'MaxListenersExceededWarning'],
  ['its child, whose output nobody reads', CHILD, 'MaxListenersExceededWarning'],
  ['a timer', 'setTimeout(() => {}, -5)', 'TimeoutNegativeWarning'],
])('of %s', async (_, script, warning) => {
  const warnings = watchWarnings('');
  const env = { ...process.env, NODE_OPTIONS: warnings.nodeOptions };
  await once(spawn(process.execPath, ['-e', script], { env, stdio: 'ignore' }), 'close');
  expect(await warnings.take()).toContain(warning);
});

test('there are none where all is well', async () => {
  const warnings = watchWarnings('');
  const env = { ...process.env, NODE_OPTIONS: warnings.nodeOptions };
  await once(spawn(process.execPath, ['-e', '0'], { env, stdio: 'ignore' }), 'close');
  expect(await warnings.take()).toBe('');
});
