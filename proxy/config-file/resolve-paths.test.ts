import { parseConfig } from '@ficus/core';
import { expect, test } from 'vitest';
import { resolvePaths } from './resolve-paths.ts';

test('relative paths start at the config’s folder, absolute ones stay as they are', () => {
  const parsed = parseConfig(
    {
      version: 1,
      control: { database: 'postgres://a/c', tls: { cert: 'c', key: 'k' }, client: { ca: 'ca.pem' } },
      proxy: {
        tls: { cert: 'tls/c.pem', key: '/etc/k.pem' },
        identify: { assert: { keys: [{ kid: 'k', file: 'keys/k.pem' }] } },
      },
      flags: { provider: 'file', file: 'flags.json' },
      legacy: {
        url: 'https://shop',
        database: 'postgres://a/l',
        tls: { ca: 'ca.pem', cert: 'c.pem', key: '/etc/key.pem' },
      },
      slices: {
        a: {
          candidate: { url: 'http://a', database: 'postgres://a/b' },
          routes: [{ id: 'x', path: '/x' }],
          tables: [{ from: 't', to: 't', module: './map.ts' }],
        },
      },
    },
    {},
  );
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const config = resolvePaths(parsed.config, '/srv/ficus/ficus.yaml');
  expect(config.flags.file).toBe('/srv/ficus/flags.json');
  expect(config.legacy.tls).toEqual({
    ca: '/srv/ficus/ca.pem',
    cert: '/srv/ficus/c.pem',
    key: '/etc/key.pem',
    verify: true,
  });
  expect(config.control?.tls).toMatchObject({ cert: '/srv/ficus/c', key: '/srv/ficus/k' });
  expect(config.control?.client).toEqual({ ca: '/srv/ficus/ca.pem' });
  expect(config.proxy.tls).toMatchObject({ cert: '/srv/ficus/tls/c.pem', key: '/etc/k.pem' });
  expect(config.proxy.identify.assert?.keys).toEqual([{ kid: 'k', file: '/srv/ficus/keys/k.pem' }]);
  expect(config.slices.a?.tables[0]?.module).toBe('/srv/ficus/map.ts');
});
