/** What runs goes before what the file names; where that cannot be reached with this file, the command says so. */
import { configSchema, type FicusConfigInput } from '@ficus/core';
import { expect, test } from 'vitest';
import { reachableOf } from './load-reachable.ts';
import { placeAsRunning } from './place-as-running.ts';
import type { RunningRecord } from './running-record.ts';

const unleash = { url: 'http://127.0.0.1:4242/api', token: 'a token' };
const configOf = (flags: FicusConfigInput['flags'], control?: FicusConfigInput['control']) =>
  reachableOf(configSchema.parse({ version: 1, flags, control, legacy: { url: 'http://127.0.0.1:9' } }));
const control = { listen: '127.0.0.1:8081', database: 'postgres://127.0.0.1:9/control' };

function place(config: ReturnType<typeof configOf>, running: Partial<RunningRecord>) {
  const said: string[] = [];
  const record = { pid: 1, host: 'here', provider: 'file', ...running } as const;
  const placed = placeAsRunning(config, record, 'ficus.yaml', (text) => said.push(text));
  return { placed, said };
}

test('the same places: nothing is said, and nothing changes', () => {
  const config = configOf({ provider: 'file', file: '/a.json' });
  const { placed, said } = place(config, { flagsFile: '/a.json' });
  expect([placed, said]).toEqual([config, []]);
  const servers = configOf({ provider: 'unleash', unleash });
  expect(place(servers, { provider: 'unleash', unleashUrl: unleash.url }).placed).toEqual(servers);
  const open = configOf({ provider: 'builtin' }, { ...control, listen: '127.0.0.1:0' });
  expect(place(open, { provider: 'builtin', controlUrl: 'http://127.0.0.1:4321' }).placed).toEqual(open);
});

test.each([
  ['another file', { provider: 'file', file: '/b.json' }],
  ['another provider', { provider: 'unleash', unleash }],
  ['built-in flags', { provider: 'builtin' }],
] as const)('the file now names %s: that of the proxy counts', (_, flags) => {
  const { placed, said } = place(configOf(flags, control), { flagsFile: '/a.json' });
  expect(placed).toMatchObject({ flags: { provider: 'file', file: '/a.json' }, isElsewhere: true });
  expect(said).toEqual([
    expect.stringContaining('takes its flags from the file /a.json, which is used here'),
  ]);
});

test.each<[string, ReturnType<typeof configOf>, Partial<RunningRecord>]>([
  [
    'Unleash, whose admin token is not known',
    configOf({ provider: 'builtin' }, control),
    { provider: 'unleash' },
  ],
  [
    'another control plane, which gets no token of this one',
    configOf({ provider: 'builtin' }, control),
    { provider: 'builtin', controlUrl: 'http://127.0.0.1:9999' },
  ],
  [
    'a control plane, and the file names none',
    configOf({ provider: 'file', file: '/a.json' }),
    { provider: 'builtin', controlUrl: 'http://127.0.0.1:8081' },
  ],
])('the proxy takes its flags from %s: the command says so', (_, config, running) => {
  expect(() => place(config, running)).toThrow(expect.objectContaining({ code: 'FICUS_RUNNING_ELSEWHERE' }));
});
