/** A child of the sample that does not exit on request: a process can hang during its exit. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startProcess } from '../../sample/processes/managed-process.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ficus-managed-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Prints that it listens, and how it handles SIGTERM. */
async function child(onTerm: string): Promise<string> {
  const file = join(folder, 'child.js');
  const ready = `JSON.stringify({ msg: 'listening', address: 'http://127.0.0.1:1', pid: String(process.pid) })`;
  await writeFile(
    file,
    `process.on('SIGTERM', () => { ${onTerm} }); setInterval(() => {}, 1000); console.log(${ready});`,
  );
  return file;
}

test.each([
  ['ends by itself', 'process.exit(0)', 60, 0],
  ['does not end', '', 1, 137],
])('a child that %s is gone after its stop', async (_, onTerm, stopSeconds, status) => {
  const started = await startProcess({
    name: 'child',
    args: [await child(onTerm)],
    environment: {},
    logFile: join(folder, 'log'),
    stopSeconds,
  });
  await started.stop();
  expect(await started.ended).toBe(status);
  expect(() => process.kill(Number(started.facts.pid), 0)).toThrow('ESRCH');
});
