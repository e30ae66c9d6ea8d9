import { expect, test } from 'vitest';
import { formatOlderConfig } from './format-older-config.ts';

const NOW = Date.parse('2026-11-29T12:00:00Z');
const FORGED = 'the proxy a\n\u001b[32m✓ all is well';

test('what a proxy reports of itself stays on its own line', () => {
  const shown = formatOlderConfig(
    {
      ...{ process: FORGED, appliedAt: null, needsRestart: [] },
      refused: {
        ...{ since: '2026-11-29T11:00:00Z', count: 2, needsRestart: true },
        problems: [{ path: 'proxy\n✓', message: 'wrong\r\n✓ fine' }],
      },
    },
    NOW,
  );
  expect(shown.split('\n')).toEqual([
    '',
    expect.stringContaining('the proxy a\\n\\u001b[32m✓ all is well still runs an older config'),
    '    proxy\\n✓: wrong\\r\\n✓ fine',
    '    and 1 more',
    expect.stringContaining('is restarted'),
  ]);
});

test('one that needs a restart alone is named in one line', () => {
  const older = { process: FORGED, appliedAt: null, refused: null, needsRestart: ['proxy.listen'] };
  expect(formatOlderConfig(older, NOW).split('\n')).toHaveLength(2);
});
