/** `ficus uninstall` and what a proxy has left beside its config: that of a killed one goes, that of a living one stays. */
import { access, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { FICUS, runCommand, startCommand, stopAll } from '../../e2e/run-command.ts';
import { makeTestDirectory } from '../../parts/test-directory.ts';

let folder: string;
let record: string;

const ficus = (...args: string[]) => runCommand([FICUS, ...args, '--config', join(folder, 'ficus.yaml')]);

beforeAll(async () => {
  folder = await makeTestDirectory('uninstall-record');
  record = join(folder, '.ficus', 'running-ficus.yaml.json');
  await writeFile(
    join(folder, 'ficus.yaml'),
    `version: 1
proxy: { listen: "127.0.0.1:0", workers: 1 }
flags: { provider: file, file: flags.json }
legacy: { url: "http://127.0.0.1:9" }
slices: {}
`,
  );
});
afterAll(async () => {
  await stopAll();
  await rm(folder, { recursive: true, force: true });
});

test('a proxy that runs keeps its record, which is named; once it is killed, the record goes', async () => {
  const proxy = startCommand([FICUS, 'proxy', '--config', join(folder, 'ficus.yaml')]);
  await vi.waitFor(() => access(record), 60_000);
  const beside = await ficus('uninstall', '--yes');
  expect(beside).toMatchObject({
    status: 0,
    stdout: expect.stringContaining(`stay in ${record} until it stops`),
  });
  await access(record);

  proxy.child.kill('SIGKILL');
  await proxy.ended;
  const dry = await ficus('uninstall', '--dry-run');
  expect(dry.stdout).toContain(`-- would remove ${record}: the places of a proxy that was killed`);
  await access(record);
  const { status, stdout } = await ficus('uninstall', '--yes');
  expect([status, stdout]).toEqual([0, `✓ removed ${record}: the places of a proxy that was killed\n`]);
  await expect(access(join(folder, '.ficus'))).rejects.toThrow('ENOENT');
  expect((await ficus('uninstall', '--yes')).stdout).toBe('Nothing is left to remove.\n');
});
