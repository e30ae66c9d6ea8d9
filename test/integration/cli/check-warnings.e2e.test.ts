/** Weak settings of a valid config: `ficus check` names them, with exit status 0, and so does the log of a start. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { FICUS, runCommand, startCommand, stopAll } from '../../e2e/run-command.ts';

let folder: string;
let config: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ficus-warnings-'));
  config = join(folder, 'ficus.yaml');
  await writeFile(
    config,
    `version: 1
proxy:
  identify:
    user: { jwtClaim: sub }
    jwt: { secret: twenty-bytes-of-text, issuer: https://id.example }
flags: { provider: file, file: flags.json }
legacy: { url: http://127.0.0.1:9 }
`,
  );
});
afterEach(stopAll);
afterAll(() => rm(folder, { recursive: true, force: true }));

test('for people, each with its path, and the config counts as valid', async () => {
  const { status, stdout, stderr } = await runCommand([FICUS, 'check', '--config', config]);
  expect(stderr).toMatch(/! proxy\.identify\.jwt\.secret: has 20 bytes/);
  expect(stderr).toMatch(/! proxy\.identify\.jwt\.audience: is not set/);
  expect(stdout).toMatch(/is valid: 0 slices, 0 routes, 0 tables; 2 warnings above/);
  expect(status).toBe(0);
});

test('for programs, among the findings', async () => {
  const { status, stdout } = await runCommand([FICUS, 'check', '--config', config, '--json']);
  const { ok, findings } = JSON.parse(stdout) as { ok: boolean; findings: object[] };
  expect({ ok, status }).toEqual({ ok: true, status: 0 });
  const weak = { severity: 'warning', code: 'FICUS_CONFIG_WEAK' };
  expect(findings).toEqual([
    expect.objectContaining({ ...weak, path: 'proxy.identify.jwt.secret' }),
    expect.objectContaining({ ...weak, path: 'proxy.identify.jwt.audience' }),
  ]);
});

test('writes that move with the serve flag are no weakness: a note of check, a warning of the raise', async () => {
  const own = join(folder, 'writes.yaml');
  const add = { id: 'add', methods: ['POST'], path: '/notes' };
  const candidate = { url: 'http://127.0.0.1:9', credentials: [] };
  const slices = { notes: { candidate, routes: [add] } };
  const identify = { user: { cookie: 'sid' } };
  const flags = { provider: 'file', file: 'written-flags.json' };
  const legacy = { url: 'http://127.0.0.1:9' };
  await writeFile(own, JSON.stringify({ version: 1, proxy: { identify }, flags, legacy, slices }));
  const run = (...args: string[]) => runCommand([FICUS, ...args, '--config', own]);
  const { status, stdout, stderr } = await run('check');
  expect([status, stdout]).toEqual([0, expect.not.stringContaining('above')]);
  expect(stderr).toMatch(/^· slices\.notes\.tables: lists none, so writes \(add\) move with the serve flag/);
  expect(JSON.parse((await run('check', '--json')).stdout)).toMatchObject({
    findings: [],
    notes: [{ path: 'slices.notes.tables' }],
  });
  expect((await run('serve', 'notes', '5')).stderr).toContain('the writes of notes move too');
  expect((await run('serve', 'notes', '0')).stderr).not.toContain('move too');
});

test('in the log of a proxy that starts, each once', async () => {
  const text = await readFile(config, 'utf8');
  const own = join(folder, 'proxy.yaml');
  await writeFile(own, text.replace('proxy:', 'proxy:\n  listen: 127.0.0.1:0'));
  await writeFile(join(folder, 'flags.json'), JSON.stringify({ version: 2, features: [] }));
  const proxy = startCommand([FICUS, 'proxy', '--config', own]);
  await proxy.until('jwt.audience');
  proxy.child.kill('SIGTERM');
  const { stdout } = await proxy.ended;
  const weak = stdout.split('\n').filter((line) => line.includes('FICUS_CONFIG_WEAK'));
  expect(weak.map((line) => (JSON.parse(line) as { path: string }).path)).toEqual([
    'proxy.identify.jwt.secret',
    'proxy.identify.jwt.audience',
  ]);
});
