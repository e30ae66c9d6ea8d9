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
  const record = { pid: 1, host: 'here', hasDatabase: false, provider: 'file', ...running } as const;
  return placeAsRunning(config, record, 'ficus.yaml');
}

test('the same places: nothing is said, and nothing changes', () => {
  const config = configOf({ provider: 'file', file: '/a.json' });
  expect(place(config, { flagsFile: '/a.json' })).toEqual(config);
  const servers = configOf({ provider: 'unleash', unleash });
  expect(place(servers, { provider: 'unleash', unleashUrl: unleash.url })).toEqual(servers);
});

test.each([
  ['another file', { provider: 'file', file: '/b.json' }],
  ['another provider', { provider: 'unleash', unleash }],
  ['built-in flags', { provider: 'builtin' }],
] as const)('the file now names %s: that of the proxy counts', (_, flags) => {
  const placed = place(configOf(flags, control), { flagsFile: '/a.json' });
  expect(placed.flags).toMatchObject({ provider: 'file', file: '/a.json' });
  expect(placed.elsewhere).toContain('takes its flags from the file /a.json, which is used here');
  expect(placed.outOfReach).toBeUndefined();
});

const url = 'http://127.0.0.1:8081';
test('of a control plane on a free port, the file names the host: its token goes there, and to no other host', () => {
  const open = configOf({ provider: 'builtin' }, { ...control, listen: '127.0.0.1:0', token: 'its token' });
  const placed = place(open, { provider: 'builtin', controlUrl: url });
  expect(placed.control).toMatchObject({ url, token: 'its token' });
  expect(placed.outOfReach).toBeUndefined();
  const other = place(open, { provider: 'builtin', controlUrl: 'http://[::1]:8081' });
  expect(other.outOfReach?.control?.url).toBe('http://[::1]:8081');
  expect(other.outOfReach?.control?.token).toBeUndefined();
});

test('Unleash, to which the file has no tokens any more: the control plane may have them', () => {
  const running = { provider: 'unleash', unleashUrl: unleash.url, hasDatabase: true } as const;
  const moved = configOf({ provider: 'file', file: '/a.json' }, control);
  for (const config of [moved, { ...moved, flags: undefined }]) {
    const placed = place(config, running);
    expect([placed.flags, placed.elsewhere]).toEqual([undefined, undefined]);
    expect(placed.control).toBe(config.control);
    expect(placed.outOfReach).toMatchObject({ control: config.control, isMoved: config === moved });
  }
  const alone = place(configOf({ provider: 'file', file: '/a.json' }), running);
  expect(alone.outOfReach).toMatchObject({ why: expect.stringContaining(`Unleash at ${unleash.url}`) });
  expect(alone.outOfReach?.control).toBeUndefined();
});

test.each([
  ['another control plane', { ...control, listen: '127.0.0.1:9999', token: 'for another one' }],
  ['no control plane', undefined],
])('built-in flags, and the file names %s: the one that runs gets no token', (_, named) => {
  const placed = place(configOf({ provider: 'builtin' }, named), { provider: 'builtin', controlUrl: url });
  expect(placed.outOfReach?.why).toContain(`from the control plane at ${url}`);
  expect(placed.outOfReach?.control?.url).toBe(url);
  expect(placed.outOfReach?.control?.token).toBeUndefined();
  // What sets no flag asks the one that the file names.
  expect(placed.control).toMatchObject(named ?? { url });
});

test('the control plane was taken out of the file: its guards count until what runs is restarted', () => {
  const config = configOf({ provider: 'file', file: '/a.json' });
  const running = { flagsFile: '/a.json', controlUrl: url };
  const placed = place(config, { ...running, hasDatabase: true });
  expect([placed.hasDatabase, placed.control]).toEqual([true, undefined]);
  expect(place(config, running).hasDatabase).toBe(false);
});
