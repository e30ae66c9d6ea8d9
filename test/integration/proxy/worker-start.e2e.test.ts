/** Workers that cannot start: the command fails with the reason and does not hang. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FICUS, runCommand, stopAll } from '../../e2e/run-command.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ficus-worker-start-'));
});

afterEach(async () => {
  await stopAll();
  await rm(folder, { recursive: true, force: true });
});

test('that exit repeatedly before they listen end the command, with their output', async () => {
  const config = {
    version: 1,
    proxy: { listen: '127.0.0.1:0', workers: 1 },
    flags: { provider: 'file', file: join(folder, 'flags.json') },
    legacy: { url: 'http://127.0.0.1:9' },
  };
  await writeFile(join(folder, 'flags.json'), JSON.stringify({ version: 2, features: [] }));
  await writeFile(join(folder, 'ficus.yaml'), JSON.stringify(config));
  const broken = join(folder, 'broken.cjs');
  await writeFile(broken, `if (require('node:cluster').isWorker) throw new Error('cannot be loaded');`);
  const { status, stderr } = await runCommand([FICUS, 'proxy', '--config', join(folder, 'ficus.yaml')], {
    NODE_OPTIONS: `--require "${broken}"`,
  });
  expect(status).toBe(3);
  expect(stderr).toContain('cannot be loaded');
  expect(stderr).toContain('exited before they listened (exit code 1)');
});
