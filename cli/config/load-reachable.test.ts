/** What stays possible with a file that is not valid, while its proxy runs. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadReachable } from './load-reachable.ts';
import { recordRunning } from './running-record.ts';

let folder: string;
let config: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ficus-reachable-'));
  config = join(folder, 'ficus.yaml');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const CONTROL = 'control: { listen: "127.0.0.1:8081", database: "postgres://127.0.0.1:9/control" }';
const UNLEASH =
  'flags: { provider: unleash, unleash: { url: "http://127.0.0.1:4242/api", token: "${NO_SUCH_VARIABLE}" } }';
const OTHER = 'flags: { provider: builtin }';
const unleash = { url: 'http://127.0.0.1:4242/api', token: 'a token', refreshMs: 1000 };
const flags = { provider: 'unleash', environment: 'default', unleash } as const;

async function load(text: string) {
  await writeFile(config, `version: 1\nlegacy: { url: "http://127.0.0.1:9" }\n${text}\n`);
  const said: string[] = [];
  return { ...(await loadReachable(config, undefined, (line) => said.push(line))), said };
}

test.each([
  ['a variable of its flags is unset', UNLEASH, [expect.stringContaining('NO_SUCH_VARIABLE is not set')]],
  ['it names other flags', OTHER, []],
])(
  'Unleash runs, and %s: the control plane is reached, with one line where the file is not valid',
  async (_, text, lines) => {
    await recordRunning(config, { flags, control: undefined }, {});
    const { control, said } = await load(`${CONTROL}\n${text}`);
    expect(control).toMatchObject({ listen: '127.0.0.1:8081' });
    expect(said).toEqual(lines);
  },
);

test('without a control plane the running proxy’s Unleash is named, and a file that is not valid is said', async () => {
  await recordRunning(config, { flags, control: undefined }, {});
  const { outOfReach, said } = await load(UNLEASH);
  expect(outOfReach?.why).toContain('Unleash at http://127.0.0.1:4242/api');
  expect(said).toHaveLength(1);
});

test('a control plane that the file does not name any more is asked without a token, which is said', async () => {
  const own = { provider: 'builtin', environment: 'default' } as const;
  await recordRunning(config, { flags: own, control: undefined }, { controlUrl: 'http://127.0.0.1:8081' });
  const { control, said } = await load('');
  expect(control).toMatchObject({ url: 'http://127.0.0.1:8081' });
  expect(said).toEqual([expect.stringContaining('http://127.0.0.1:8081, is asked without a token')]);
});

test('a file that is not valid and names another place: both are said', async () => {
  const own = { provider: 'file', file: '/a.json', environment: 'default' } as const;
  await recordRunning(config, { flags: own, control: undefined }, {});
  const { elsewhere, said } = await load('flags: { provider: file, file: b.json }\nslices: 1');
  expect(elsewhere).toContain('the file /a.json, which is used here');
  expect(said).toEqual([expect.stringContaining('is not valid: slices')]);
});
