/** `ficus copy --restart` empties the candidate’s tables: it asks first, and a script says --yes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { FICUS, ROOT } from '../../e2e/run-command.ts';
import { makeTestDirectory } from '../../parts/test-directory.ts';

let directory: string;
let config: string;
let control: Server;
/** Copies that were asked for. */
let restarts: unknown[] = [];

beforeAll(async () => {
  control = createServer(async (request, response) => {
    const body: Buffer[] = [];
    for await (const chunk of request) body.push(chunk as Buffer);
    if (request.method === 'POST') restarts.push(JSON.parse(Buffer.concat(body).toString()).restart);
    const table = { from: 'public.note', to: 'inbox.note' };
    const view = { name: 'inbox', tables: [table], state: 'streaming', copied: true, problem: null };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ ...view, copy: null, status: 'ok', now: new Date().toISOString() }));
  }).listen(0, '127.0.0.1');
  await once(control, 'listening');
  directory = await makeTestDirectory('copy-restart');
  config = join(directory, 'ficus.yaml');
  const { port } = control.address() as AddressInfo;
  const slice = { candidate: { url: 'http://127.0.0.1:9' }, routes: [{ id: 'list', path: '/inbox' }] };
  await writeFile(
    config,
    JSON.stringify({
      version: 1,
      control: { listen: `127.0.0.1:${port}`, database: 'postgres://nobody@127.0.0.1/none' },
      legacy: { url: 'http://127.0.0.1:9' },
      slices: { inbox: slice },
    }),
  );
});
beforeEach(() => {
  restarts = [];
});
afterAll(async () => {
  control.closeAllConnections();
  control.close();
  await rm(directory, { recursive: true, force: true });
});

/** @param typed on a terminal; undefined without one */
async function restart(typed: string | undefined, ...options: string[]) {
  const terminal = typed === undefined ? [] : ['--import', 'data:text/javascript,process.stdin.isTTY = true'];
  const command = [...terminal, FICUS, 'copy', 'inbox', '--restart', '--config', config, ...options];
  const child = spawn(process.execPath, command, { cwd: ROOT, env: { ...process.env, NO_COLOR: '1' } });
  child.stdin.end(typed);
  let said = '';
  for (const output of [child.stdout, child.stderr])
    output.on('data', (chunk: Buffer) => {
      said += chunk;
    });
  const [status] = await once(child, 'close');
  return { status, said, restarts };
}

test('on a terminal it names the tables, and only a yes empties them', async () => {
  const question = expect.stringContaining(
    'Empty inbox.note of the candidate of inbox, and copy the rows again? [y/N]',
  );
  expect(await restart('n\n')).toEqual({ status: 3, said: question, restarts: [] });
  expect(await restart('y\n')).toEqual({ status: 0, said: question, restarts: [true] });
});

test('without a terminal, and for a program, it needs --yes', async () => {
  const refused = { status: 2, said: expect.stringContaining('give --yes'), restarts: [] };
  expect(await restart(undefined)).toEqual(refused);
  expect(await restart('y\n', '--json')).toEqual(refused);
  expect(await restart(undefined, '--yes', '--json')).toMatchObject({ status: 0, restarts: [true] });
});
