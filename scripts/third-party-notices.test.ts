import { expect, test } from 'vitest';
import { describeNotices, type Lockfile } from './third-party-notices.ts';

const lock: Lockfile = {
  packages: {
    core: { version: '1.0.0', dependencies: { zod: '^4' } },
    cli: { version: '1.0.0', dependencies: { '@ficus/core': '1.0.0', pino: '^10' } },
    'node_modules/@ficus/core': { resolved: 'core', link: true },
    'node_modules/zod': { version: '4.0.0', license: 'MIT' },
    'node_modules/pino': { version: '10.0.0', license: 'MIT', dependencies: { sonic: '^1' } },
    'node_modules/pino/node_modules/sonic': { version: '1.5.0', license: 'ISC' },
    'node_modules/sonic': { version: '2.0.0', license: 'BSD-3-Clause' },
    'node_modules/tester': { version: '1.0.0', license: 'GPL-3.0' },
  },
};

test('lists the dependencies of the published packages, with their versions, and nothing else', () => {
  const rows = describeNotices(lock, ['core', 'cli'])
    .split('\n')
    .filter((line) => line.startsWith('| '));
  expect(rows.slice(2)).toEqual([
    '| pino | 10.0.0 | MIT |',
    '| sonic | 1.5.0 | ISC |',
    '| zod | 4.0.0 | MIT |',
  ]);
});
