import { openForeignFlags, withoutAudit } from '@ficus/control';
import { expect, test } from 'vitest';
import { startFakeUnleash } from './fake-unleash.ts';
import { silent } from './rig.ts';
import { rolloutOf } from './unleash-subject.ts';
import { describeUnleashFlags } from './unleash-suite.ts';

describeUnleashFlags('a fake Unleash server', () => startFakeUnleash());

test.each([
  ['the first step is refused', 'POST', 403, 'refused'],
  ['the first step fails', 'POST', 500, 'unknown'],
  ['a later step is refused', 'PATCH', 403, 'unknown'],
  ['no step fails', 'DELETE', 500, 'made'],
])('the outcome of a flip: %s', async (_, failing, status, outcome) => {
  const server = await startFakeUnleash((call) => (call.startsWith(failing) ? status : undefined));
  try {
    await server.createFlag('notes.serve', [rolloutOf(10, 'notes')], true);
    const { url, clientToken: token, adminToken } = server;
    let came = 'unknown';
    const flags = openForeignFlags(
      { provider: 'unleash', environment: 'default', unleash: { url, token, adminToken, refreshMs: 100 } },
      async (_change, _previous, make) => {
        came = (await make()) ? 'refused' : 'made';
      },
    );
    await flags
      .set({ slice: 'notes', kind: 'serve', percent: 0, actor: 'ada', reason: '' })
      .catch(() => undefined);
    expect(came).toBe(outcome);
  } finally {
    await server.stop();
  }
});

test('a malformed flag of another team keeps no flag of ours from being read or set', async () => {
  const others = [null, { name: 'theirs.serve', enabled: 'perhaps', strategies: {} }];
  const server = await startFakeUnleash(undefined, others);
  try {
    await server.createFlag('notes.serve', [rolloutOf(10, 'notes')], true);
    const { url, clientToken: token, adminToken } = server;
    const unleash = { url, token, adminToken, refreshMs: 20 };
    const flags = openForeignFlags({ provider: 'unleash', environment: 'default', unleash }, withoutAudit);
    flags.follow(silent);
    await expect.poll(() => flags.read('notes', 'serve').percent).toBe(10);
    // It is off at the proxies, too.
    expect(flags.read('theirs', 'serve')).toMatchObject({ percent: 0, on: false });
    const change = { slice: 'notes', kind: 'serve', percent: 20, actor: 'ada', reason: '' } as const;
    expect(await flags.set(change)).toBe(10);
    flags.stop();
  } finally {
    await server.stop();
  }
});
