/** `ficus check` names weak settings of a valid config; they do not change its exit status. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { FICUS, runCommand, stopAll } from '../../e2e/run-command.ts';

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
