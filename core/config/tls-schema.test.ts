import { expect, test } from 'vitest';
import { formatProblem } from './config-problem.ts';
import { parseConfig } from './parse-config.ts';

const problemsOf = (more: object): readonly string[] => {
  const parsed = parseConfig(
    { version: 1, flags: { provider: 'file', file: 'f' }, legacy: { url: 'https://h' }, ...more },
    {},
  );
  return parsed.ok ? [] : parsed.problems.map(formatProblem);
};
const PAIR = { cert: 'c', key: 'k' };

test.each([
  [{ proxy: { tls: PAIR } }, []],
  [{ proxy: { tls: { ...PAIR, ca: 'a', clientAuth: 'require' } } }, []],
  [{ proxy: { tls: { cert: 'c' } } }, ['proxy.tls.key: is required (string)']],
  [
    { proxy: { tls: { ...PAIR, clientAuth: 'require' } } },
    ['proxy.tls.ca: is required by clientAuth: require; public authorities sign certificates for anybody'],
  ],
  [
    { proxy: { tls: { ...PAIR, ca: 'a' } } },
    ['proxy.tls.ca: has no effect without clientAuth: request or require'],
  ],
  [
    { proxy: { tls: { ...PAIR, ca: 'a', clientAuth: 'request' } } },
    [
      'proxy.tls.clientAuth: request has no effect here: the proxy reads nothing from a client’s certificate; write require, or remove clientAuth and ca',
    ],
  ],
  [{ control: { tls: { ...PAIR, ca: 'a', clientAuth: 'request' } } }, []],
  [
    { proxy: { tls: { ...PAIR, minVersion: 'TLSv1.1' } } },
    ['proxy.tls.minVersion: must be one of TLSv1.2, TLSv1.3'],
  ],
  [{ legacy: { url: 'https://h', tls: { cert: 'c' } } }, ['legacy.tls.key: is required: cert is given']],
  [{ control: { url: 'https://c', client: { ca: 'a', serverName: 'c' } } }, []],
  [{ control: { tls: PAIR, client: { ca: 'a' } } }, []],
  [
    { control: { client: { ca: 'a' } } },
    [
      'control.client: has no effect: without control.tls or a control.url of https, connections are plain HTTP',
    ],
  ],
  [{ control: { tls: PAIR, client: { cert: 'c' } } }, ['control.client.key: is required: cert is given']],
  [{ legacy: { url: 'https://h', tls: { key: 'k' } } }, ['legacy.tls.cert: is required: key is given']],
])('%j', (config, problems) => {
  expect(problemsOf(config)).toEqual(problems);
});
