/** Where `ficus serve` sets a flag that is kept in a file: through the control plane, or in the file itself. */
import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { CHANGE_EXPIRES_HEADER, createControlClient } from '@ficus/contract';
import { configSchema, type FicusConfig, type FicusConfigInput } from '@ficus/core';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { loadReachable, reachableOf } from '../../../cli/config/load-reachable.ts';
import { setPercent as flipWith } from '../../../cli/flags/set-percent.ts';
import { refusingPort } from '../../parts/refusing-port.ts';
import { makeTestDirectory } from '../../parts/test-directory.ts';

const directory = await makeTestDirectory('set-percent');
const file = join(directory, 'flags.json');
afterAll(() => rm(directory, { recursive: true, force: true }));
beforeEach(() => rm(file, { force: true }));

const flip = { slice: 'notes', kind: 'serve', percent: 25, reason: '', force: false } as const;
const configOf = (guards: object, control?: FicusConfigInput['control']) =>
  configSchema.parse({
    version: 1,
    ...(control && { control }),
    flags: { provider: 'file', file },
    legacy: { url: 'http://127.0.0.1:9' },
    slices: {
      notes: { candidate: { url: 'http://127.0.0.1:9' }, routes: [{ id: 'list', path: '/notes' }], guards },
    },
  });
type Flip = Parameters<typeof flipWith>[1];
const setPercent = async (config: FicusConfig, flip: Flip, timeoutMs?: number) =>
  (await flipWith(reachableOf(config), flip, timeoutMs)).previous;
const percentInFile = async () =>
  JSON.parse(await readFile(file, 'utf8')).features[0].strategies[0].parameters.rollout;

test('without a control plane the file is changed', async () => {
  expect(await setPercent(configOf({}), flip)).toBe(0);
  expect(await setPercent(configOf({}), { ...flip, percent: 50 })).toBe(25);
  expect(await percentInFile()).toBe('50');
});

test('guards that no control plane evaluates refuse a raise, but not the way back', async () => {
  const guarded = configOf({ lag: { maxMs: 10 } });
  await expect(setPercent(guarded, flip)).rejects.toMatchObject({
    code: 'FICUS_GUARDS_NOT_EVALUATED',
    message:
      'notes is held back by its guards (lag): a control plane evaluates them, and this config has none (control.database).',
  });
  expect(await flipWith(reachableOf(guarded), { ...flip, force: true })).toMatchObject({
    previous: 0,
    overridden: [{ guard: 'lag', answer: 'insufficient evidence' }],
  });
  // A lower share asks for no guard, by force or without.
  for (const [percent, force] of [
    [20, true],
    [10, false],
  ] as const)
    expect(await flipWith(reachableOf(guarded), { ...flip, percent, force })).toMatchObject({
      overridden: [],
    });
  await expect(setPercent(guarded, { ...flip, percent: 11 })).rejects.toMatchObject({
    code: 'FICUS_GUARDS_NOT_EVALUATED',
  });
  expect(await setPercent(guarded, { ...flip, percent: 0 })).toBe(10);
  expect(await setPercent(guarded, { ...flip, kind: 'shadow' })).toBe(0);
});

test('an unreachable control plane blocks a raise, but not the way back', async () => {
  const listen = `127.0.0.1:${await refusingPort()}`;
  const away = configOf({}, { listen, database: 'postgres://127.0.0.1:9/control' });
  await expect(setPercent(away, flip)).rejects.toMatchObject({ code: 'FICUS_CONTROL_UNREACHABLE' });
  await setPercent(configOf({}), flip);
  expect(await setPercent(away, { ...flip, percent: 0 })).toBe(25);
  expect(await percentInFile()).toBe('0');
});

test('the way back needs no slices that can be read', async () => {
  await setPercent(configOf({}), flip);
  const invalid = { ...reachableOf(configOf({})), valid: undefined, guards: new Map() };
  expect((await flipWith(invalid, { ...flip, percent: 0 })).previous).toBe(25);
});

const refuse =
  (status: number, code: string, detail: string): RequestListener =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/problem+json' });
    response.end(JSON.stringify({ code, detail }));
  };
const databaseAway = refuse(503, 'FICUS_DATABASE_UNREACHABLE', 'The database is away.');
const databaseFull = refuse(503, 'FICUS_CONTROL_NOT_STORED', 'The disk is full.');
const forbidden = refuse(403, 'FICUS_CONTROL_FORBIDDEN', 'Wrong token.');
const silent: RequestListener = () => undefined;

async function withControl(answer: RequestListener, run: (listen: string) => Promise<void>): Promise<void> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await run(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test.each([
  ['whose database is unreachable', databaseAway, 'FICUS_DATABASE_UNREACHABLE'],
  ['whose database has a full disk', databaseFull, 'FICUS_CONTROL_NOT_STORED'],
  ['that never answers', silent, undefined],
])('a control plane %s does not block the way back', async (_, answer, code) => {
  await setPercent(configOf({}), flip);
  await withControl(answer, async (listen) => {
    const config = configOf({}, { listen, database: 'postgres://127.0.0.1:9/control' });
    if (code) await expect(setPercent(config, flip)).rejects.toMatchObject({ code });
    expect(await setPercent(config, { ...flip, percent: 0 }, 100)).toBe(25);
    expect(await percentInFile()).toBe('0');
  });
});

test('a control plane that refuses a change for good is not bypassed', async () => {
  await setPercent(configOf({}), flip);
  await withControl(forbidden, async (listen) => {
    const config = configOf({}, { listen, database: 'postgres://127.0.0.1:9/control' });
    await expect(setPercent(config, { ...flip, percent: 0 })).rejects.toMatchObject({
      code: 'FICUS_CONTROL_FORBIDDEN',
    });
    expect(await percentInFile()).toBe('25');
  });
});

test.each([
  ['is away', databaseAway, 'FICUS_DATABASE_UNREACHABLE', 'The database is away.'],
  ['has a full disk', databaseFull, 'FICUS_CONTROL_NOT_STORED', 'The disk is full.'],
])(
  'built-in flags cannot be set while their database %s: the present share, and the way back that is left, are named',
  async (_, answer, code, detail) => {
    await withControl(answer, async (listen) => {
      const kept = configOf({}, { listen, database: 'postgres://127.0.0.1:9/control' });
      const config = { ...kept, flags: { ...kept.flags, provider: 'builtin' as const } };
      const share = 'proxies continue with the share that they last received.';
      await expect(setPercent(config, flip)).rejects.toMatchObject({
        code,
        message: `${detail} The flag is in the control database; until it takes the change, ${share}`,
      });
      await expect(setPercent(config, { ...flip, percent: 0 })).rejects.toMatchObject({
        message: expect.stringMatching(/last received\. .*take the slice notes out of it/),
      });
    });
  },
);

const hangsUp: RequestListener = (request) => request.socket.destroy();

test.each([
  ['never answers', silent],
  ['breaks off', hangsUp],
])('of a change, a control plane that %s may still make it; a question has no outcome', async (_, answer) => {
  await withControl(answer, async (listen) => {
    const control = createControlClient(`http://${listen}`, undefined, 'me', 1_000);
    const unknown = { code: 'FICUS_CONTROL_OUTCOME_UNKNOWN', message: expect.stringContaining('may still') };
    await expect(control.setServe('notes', { percent: 0 })).rejects.toMatchObject(unknown);
    await expect(control.resetParity('notes')).rejects.toMatchObject(unknown);
    await expect(control.slices()).rejects.toMatchObject({ code: 'FICUS_CONTROL_UNREACHABLE' });
  });
});

/** Answers what time it is, unless it hangs, and never a change. */
const late =
  (got: string[], now?: string): RequestListener =>
  (request, response) => {
    got.push(`${request.method} ${request.headers[CHANGE_EXPIRES_HEADER] ?? ''}`.trim());
    if (request.method === 'GET' && now !== undefined) response.end(JSON.stringify({ status: 'ok', now }));
  };

test('a raise is not sent to a control plane that hangs already', async () => {
  const got: string[] = [];
  await withControl(late(got), async (listen) => {
    const control = createControlClient(`http://${listen}`, undefined, 'me', 1_000);
    await expect(control.setServe('notes', { percent: 50 })).rejects.toMatchObject({
      code: 'FICUS_CONTROL_UNREACHABLE',
      message: `No control plane answers at http://${listen}. The change was not sent.`,
    });
    await expect(control.copy('notes', { restart: true })).rejects.toMatchObject({
      code: 'FICUS_CONTROL_UNREACHABLE',
    });
  });
  expect(got).toEqual(['GET', 'GET']);
});

test('a raise expires, by the clock of the control plane, when its caller stops waiting; lowering does not', async () => {
  const got: string[] = [];
  await withControl(late(got, '2001-01-01T00:00:00.000Z'), async (listen) => {
    const control = createControlClient(`http://${listen}`, undefined, 'me', 3_000);
    for (const raise of [
      control.setServe('notes', { percent: 50 }),
      control.setShadow('notes', { percent: 1 }),
    ])
      await expect(raise).rejects.toMatchObject({
        code: 'FICUS_CONTROL_OUTCOME_UNKNOWN',
        message: expect.stringContaining('if it has not begun to, it will not make it any more.'),
      });
    await expect(control.setServe('notes', { percent: 0 })).rejects.toMatchObject({
      message: expect.stringContaining('may still take effect'),
    });
  });
  const raises = got.filter((line) => /^PUT \S/.test(line));
  expect(raises).toHaveLength(2);
  for (const raise of raises) expect(raise).toMatch(/^PUT 2001-01-01T00:00:0[0-2]\.\d{3}Z$/);
  expect(got.at(-1)).toBe('PUT');
});

test('a control plane of an earlier version knows no expiry: a raise may still take effect', async () => {
  const answer: RequestListener = (request, response) => {
    if (request.method === 'GET') response.end(JSON.stringify({ status: 'ok' }));
  };
  await withControl(answer, async (listen) => {
    const control = createControlClient(`http://${listen}`, undefined, 'me', 1_000);
    await expect(control.setServe('notes', { percent: 50 })).rejects.toMatchObject({
      message: expect.stringContaining('may still take effect'),
    });
  });
});

test.each(['{ lag: { maxMs: 1 } }', 'lag', '[lag]'])(
  'a file that is not valid: a raise is held to its guards (%s), the way back sets the flag',
  async (guards) => {
    const config = join(directory, 'ficus.yaml');
    await writeFile(
      config,
      `flags: { provider: file, file: flags.json }\nslices: { notes: { guards: ${guards} } }\n`,
    );
    const said: string[] = [];
    const broken = await loadReachable(config, 'notes', (text) => said.push(text));
    expect(said).toEqual([expect.stringMatching(/ficus\.yaml is not valid: .+, and \d more/)]);
    await expect(flipWith(broken, flip)).rejects.toMatchObject({ code: 'FICUS_GUARDS_NOT_EVALUATED' });
    await flipWith(broken, { ...flip, force: true });
    expect(await flipWith(broken, { ...flip, percent: 0 })).toMatchObject({ previous: 25 });
    expect(await percentInFile()).toBe('0');
    const unknown = flipWith(broken, { ...flip, slice: 'note', percent: 0 });
    await expect(unknown).rejects.toMatchObject({ code: 'FICUS_SLICE_UNKNOWN' });
  },
);

test.each([
  ['is no map', 'control: ""\n'],
  [
    'has an unknown key, perhaps a misspelt database',
    'control: { listen: nowhere, databse: "postgres://db/ficus" }\n',
  ],
  ['is itself misspelt', 'contrl: { database: "postgres://db/ficus" }\n'],
  ['may be behind an error of YAML', 'proxy: { listen: "127.0.0.1:1 }\n'],
])(
  'a file whose `control:` %s may have guards that a raise must pass: only lowering sets the flag',
  async (_, text) => {
    await setPercent(configOf({}), flip);
    const config = join(directory, 'ficus.yaml');
    await writeFile(config, `flags: { provider: file, file: flags.json }\nslices: { notes: {} }\n${text}`);
    const broken = await loadReachable(config, 'notes', () => undefined);
    for (const force of [false, true])
      await expect(flipWith(broken, { ...flip, percent: 50, force })).rejects.toMatchObject({
        code: 'FICUS_CONFIG_INVALID',
        message: expect.stringContaining('notes.serve can only be lowered'),
      });
    expect(await percentInFile()).toBe('25');
    expect(await flipWith(broken, { ...flip, percent: 10 })).toMatchObject({ previous: 25 });
    expect(await flipWith(broken, { ...flip, percent: 0 })).toMatchObject({ previous: 10 });
  },
);
