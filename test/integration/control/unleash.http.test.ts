import { openForeignFlags } from '@ficus/control';
import { expect, test } from 'vitest';
import { startFakeUnleash } from './fake-unleash.ts';
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
