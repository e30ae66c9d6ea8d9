/** Ficus on a full disk: of a log (/dev/full answers ENOSPC) lines are dropped, requests are served, and SIGTERM drains. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { freePort } from '@ficus/tools';
import { expect, it, onTestFinished } from 'vitest';
import { FICUS, ROOT } from '../../e2e/run-command.ts';
import { makeTestDirectory } from '../../parts/test-directory.ts';

it.runIf(process.platform === 'linux')(
  'ficus proxy continues to serve while its log cannot be written',
  async () => {
    const directory = await makeTestDirectory('full-disk');
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const legacy = createServer((_, response) => response.end('legacy')).listen(0, '127.0.0.1');
    onTestFinished(() => void legacy.close());
    await once(legacy, 'listening');
    const port = await freePort();
    const config = join(directory, 'ficus.yaml');
    const url = `http://127.0.0.1:${(legacy.address() as AddressInfo).port}`;
    await writeFile(
      config,
      JSON.stringify({ version: 1, proxy: { listen: `127.0.0.1:${port}` }, legacy: { url } }),
    );
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, [FICUS, 'proxy', '--config', config], {
      cwd: ROOT,
      stdio: ['ignore', full, 'inherit'],
    });
    closeSync(full);
    onTestFinished(() => void child.kill('SIGKILL'));
    const ask = () => fetch(`http://127.0.0.1:${port}/`).then((answer) => answer.text());
    await expect.poll(() => ask().catch(() => '')).toBe('legacy');
    for (let n = 0; n < 20; n += 1) expect(await ask()).toBe('legacy');
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  },
);

it.skipIf(process.platform === 'win32')(
  'ficus check --grants FOLDER leaves no half of a script',
  async () => {
    const directory = await makeTestDirectory('full-disk-grants');
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const config = join(directory, 'ficus.yaml');
    const database = 'postgres://ficus@127.0.0.1:9/shop';
    await writeFile(
      config,
      JSON.stringify({
        version: 1,
        control: { listen: '127.0.0.1:0', database },
        legacy: { url: 'http://127.0.0.1:9', database },
        slices: {
          notes: {
            candidate: { url: 'http://127.0.0.1:9', database },
            routes: [{ id: 'list', path: '/notes' }],
            tables: [{ from: 'public.notes', to: 'public.notes' }],
          },
        },
      }),
    );
    const folder = join(directory, 'roles');
    // A file that may not grow refuses as a full disk does.
    const shell = 'ulimit -f 1; exec "$0" "$@"';
    const command = [process.execPath, FICUS, 'check', '--grants', folder, '--config', config];
    const { status, stderr } = spawnSync('sh', ['-c', shell, ...command], { encoding: 'utf8' });
    expect(status).toBe(3);
    expect(stderr).toContain('FICUS_PATH_UNUSABLE');
    expect(await readdir(folder)).toEqual([]);
  },
);
