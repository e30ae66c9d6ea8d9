/** The way back is open while ficus.yaml is not valid, or has variables that the operator's shell lacks. */
import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { FICUS, runCommand, stopAll } from '../../e2e/run-command.ts';
import { makeTestDirectory } from '../../parts/test-directory.ts';

const directory = await makeTestDirectory('way-back');
const file = join(directory, 'ficus.yaml');
const asked: string[] = [];
let server: Server;
let listen: string;

/** What the commands print of a slice. */
const slice = {
  name: 'notes',
  tables: [{ from: 'note', to: 'note' }],
  parity: { since: '2026-01-01T00:00:00.000Z', compared: 20, counts: { mismatch: 20 } },
  verify: null,
};

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization ?? ''}`);
    const answer = request.method === 'PUT' ? { previous: 25, percent: 0, slice } : { ...slice, entries: [] };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  listen = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  asked.length = 0;
});
afterEach(stopAll);
afterAll(async () => {
  server.close();
  await rm(directory, { recursive: true, force: true });
});

const configOf = (more = '') => `version: 1
control: { listen: "${listen}", token: "\${WAY_BACK_TOKEN}", database: "\${CONTROL_DATABASE_URL}" }
legacy: { url: "http://127.0.0.1:9", database: "\${LEGACY_DATABASE_URL}" }
slices:
  notes:
    candidate: { url: "http://127.0.0.1:9", database: "\${NOTES_DATABASE_URL}" }
    routes: [{ id: list, path: /notes }]
    tables: [{ from: public.note, to: public.note }]
${more}`;
const token = 'the token of an operator';
const ficus = (...args: string[]) =>
  runCommand([FICUS, ...args, '--config', file], { WAY_BACK_TOKEN: token });

const UNSET = `! ${file} is not valid: control.database: the environment variable CONTROL_DATABASE_URL is not set, and 2 more`;

test.each([
  [['serve', 'notes', '0'], 'PUT /api/v1/slices/notes/serve'],
  [['shadow', 'notes', '0'], 'PUT /api/v1/slices/notes/shadow'],
  [['parity', 'reset', 'notes'], 'POST /api/v1/slices/notes/parity/reset'],
  [['audit', 'notes'], 'GET /api/v1/audit?limit=50&slice=notes'],
])('ficus %j reaches the control plane', async (args, call) => {
  await writeFile(file, configOf());
  const unset = await ficus(...args);
  expect(unset).toMatchObject({ status: 0, stderr: expect.stringContaining(UNSET) });
  expect(unset.stderr.trim().split('\n')).toHaveLength(1);
  await writeFile(file, configOf('}}: ['));
  expect(await ficus(...args)).toMatchObject({
    status: 0,
    stderr: expect.stringContaining('(whole file): line'),
  });
  expect(asked.filter((one) => one === `${call} Bearer ${token}`)).toHaveLength(2);
});

test('without a control plane the flags file is enough', async () => {
  await writeFile(
    file,
    configOf('  other: { candidate: 1 }\n')
      .replace(/^control.*\n/m, '')
      .concat('flags: { provider: file, file: flags.json }\n'),
  );
  const flags = join(directory, 'flags.json');
  const shadow = await ficus('shadow', 'notes', '100');
  expect(shadow).toMatchObject({ status: 0, stdout: `✓ notes.shadow: 0 % → 100 % in ${flags}\n` });
  expect(shadow.stderr).toContain('! copies are sent, and nothing compares the answers');
  expect((await ficus('serve', 'notes', '100')).stderr).toContain('no guard refuses a raise');
  const back = await ficus('serve', 'notes', '0');
  expect(back).toMatchObject({ status: 0, stdout: `✓ notes.serve: 100 % → 0 % in ${flags}\n` });
  expect(back.stderr.trim().split('\n')).toEqual([expect.stringContaining('ficus.yaml is not valid')]);
  expect(await readFile(flags, 'utf8')).toContain('"rollout": "0"');
});

test('a raise against the evidence is made, and said; lowering is no raise', async () => {
  await writeFile(file, configOf());
  const raised = await ficus('serve', 'notes', '100');
  expect(raised).toMatchObject({ status: 0, stdout: '✓ notes.serve: 25 % → 100 %\n' });
  expect(raised.stderr).toContain('! no guard refuses a raise');
  expect(raised.stderr).toContain('! parity: 0.000 % of 20 comparisons match');
  expect(raised.stderr).toContain('! the rows of both sides were never compared');
  const json = JSON.parse((await ficus('serve', 'notes', '50', '--json')).stdout);
  expect(json).toMatchObject({ ok: true, warnings: { length: 3 } });
  expect((await ficus('serve', 'notes', '20')).stderr).not.toMatch(/parity|guard|compared/);
});

test('nothing that can be reached: every problem is listed', async () => {
  await writeFile(file, 'version: 2\n');
  const { status, stderr } = await ficus('serve', 'notes', '0');
  expect([status, asked]).toEqual([1, []]);
  expect(stderr).toContain('version: must be 1');
});
