/** What `ficus up` leaves beside its config: commands find its proxy on free ports, and its guards when `control:` is gone. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { percentFlag } from '@ficus/core';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { FICUS, type RunningCommand, runCommand, startCommand, stopAll } from '../../e2e/run-command.ts';
import { childNamed } from '../../e2e/up-rig.ts';
import { refusingPort } from '../../parts/refusing-port.ts';
import { makeTestDirectory } from '../../parts/test-directory.ts';

let folder: string;
let file: string;
let good: string;
let up: RunningCommand;

const ficus = (...args: string[]) => runCommand([FICUS, ...args, '--config', file]);
const recorded = async () =>
  JSON.parse(await readFile(join(folder, '.ficus', 'running-ficus.yaml.json'), 'utf8')) as Record<
    string,
    unknown
  >;
const share = async () => JSON.parse(await readFile(join(folder, 'flags.json'), 'utf8')).features[0];

beforeAll(async () => {
  folder = await makeTestDirectory('up-running');
  file = join(folder, 'ficus.yaml');
  // Its database is away: nothing here needs it.
  const database = `postgres://127.0.0.1:${await refusingPort()}/control`;
  good = `version: 1
proxy: { listen: "127.0.0.1:0", admin: "127.0.0.1:0", workers: 1 }
control: { listen: "127.0.0.1:0", database: "${database}" }
flags: { provider: file, file: flags.json }
legacy: { url: "http://127.0.0.1:9" }
slices:
  notes:
    candidate: { url: "http://127.0.0.1:9", credentials: [] }
    routes: [{ id: list, path: /notes }]
`;
  await writeFile(file, good);
  up = startCommand([FICUS, 'up', '--config', file]);
  await vi.waitFor(recorded, 30_000);
});
beforeEach(async () => {
  await writeFile(file, good);
  const features = [percentFlag('notes.serve', 'notes', 25)];
  await writeFile(join(folder, 'flags.json'), JSON.stringify({ version: 2, features }));
});
afterAll(async () => {
  await stopAll();
  await rm(folder, { recursive: true, force: true });
});

const FREE = /127\.0\.0\.1:[1-9]\d*$/;

test('the free ports are known, and those of a proxy that was restarted after a fault', async () => {
  const before = await recorded();
  expect(before).toMatchObject({
    admin: expect.stringMatching(FREE),
    controlUrl: expect.stringMatching(FREE),
    hasDatabase: true,
  });
  expect(await ficus('status')).toMatchObject({ status: 3, stdout: expect.stringContaining('notes') });
  const killed = (await childNamed(up.child.pid!, 'proxy'))!;
  process.kill(killed, 'SIGKILL');
  await expect.poll(() => childNamed(up.child.pid!, 'proxy')).not.toBe(killed);
  await expect
    .poll(() => ficus('status'), { timeout: 45_000 })
    .toMatchObject({ status: 3, stdout: expect.stringContaining('notes') });
  expect(await recorded()).toEqual({ ...before, admin: expect.stringMatching(FREE) });
});

test('control: is taken out of the file: a raise is refused until the restart, the way back is open', async () => {
  await writeFile(file, good.replace(/^control:.*\n/m, ''));
  const raise = await ficus('serve', 'notes', '50');
  expect(raise.status).not.toBe(0);
  expect(raise.stderr).toContain('notes.serve can only be lowered');
  expect(await share()).toEqual(percentFlag('notes.serve', 'notes', 25));
  const back = await ficus('serve', 'notes', '0');
  expect(back).toMatchObject({ status: 0, stdout: expect.stringContaining('25 % → 0 %') });
  expect(back.stderr).toContain('this change is not in the audit');
});

test('it stops, and takes its record away', async () => {
  up.child.kill('SIGTERM');
  await up.ended;
  await expect(recorded()).rejects.toThrow('ENOENT');
});
