/** What constraints of a flag see: the client's address past trusted proxies, and the environment of the config. */
import { writeFile } from 'node:fs/promises';
import { afterEach, expect, test } from 'vitest';
import { startProxy } from '../../../proxy/index.ts';
import { ask, type Rig, type RigOptions, startRig, until } from './rig.ts';

let rig: Rig;
afterEach(() => rig.close());

/** The serve flag is on where the constraint holds. */
async function startWith(contextName: string, value: string, options: RigOptions = {}): Promise<void> {
  rig = await startRig(options);
  const strategies = [{ name: 'default', constraints: [{ contextName, operator: 'IN', values: [value] }] }];
  const applied = (): number => rig.logs.filter(({ msg }) => msg === 'flags applied').length;
  const before = applied();
  const features = [{ name: 'notes.serve', enabled: true, strategies }];
  await writeFile(rig.flagsFile, JSON.stringify({ version: 2, features }));
  await until(() => applied() > before, 'the flags are applied');
}

test('the address is the client’s, as a trusted proxy names it', async () => {
  await startWith('remoteAddress', '203.0.113.7', { proxy: { trustedProxies: ['127.0.0.1/32'] } });
  const from = async (client: string) => (await rig.get('/api/notes', { 'x-forwarded-for': client })).side;
  expect(await from('203.0.113.7')).toBe('candidate');
  expect(await from('203.0.113.8')).toBe('legacy');
  expect(await from('203.0.113.7, 203.0.113.8')).toBe('legacy');
});

test('a client that is no trusted proxy cannot name another address', async () => {
  await startWith('remoteAddress', '203.0.113.7');
  expect((await rig.get('/api/notes', { 'x-forwarded-for': '203.0.113.7' })).side).toBe('legacy');
});

test.each([
  [undefined, 'legacy'],
  ['production', 'candidate'],
])('the environment is flags.environment: %s', async (environment, side) => {
  await startWith('environment', 'production');
  const config = rig.config();
  const flags = { ...config.flags, ...(environment !== undefined && { environment }) };
  const proxy = await startProxy({ config: { ...config, flags }, inProcess: true });
  try {
    expect((await ask(`${proxy.address}/api/notes`)).side).toBe(side);
  } finally {
    await proxy.stop();
  }
});
