import { expect, test } from 'vitest';
import { listenFailure } from './listen-failure.ts';

test.each([
  ['EADDRINUSE', 8080, 'FICUS_PORT_TAKEN', 'Another process listens on 127.0.0.1:8080 (proxy.listen).'],
  [
    'EACCES',
    80,
    'FICUS_PORT_DENIED',
    'Cannot listen on 127.0.0.1:80 (proxy.listen): permission denied; ports below 1024 need a privilege.',
  ],
  ['EACCES', 8080, 'FICUS_PORT_DENIED', 'Cannot listen on 127.0.0.1:8080 (proxy.listen): permission denied.'],
  [
    'EADDRNOTAVAIL',
    8080,
    'FICUS_ADDRESS_UNAVAILABLE',
    'Cannot listen on 127.0.0.1:8080 (proxy.listen): this machine does not have that address.',
  ],
  ['EMFILE', 8080, 'FICUS_INTERNAL', 'Cannot listen on 127.0.0.1:8080 (proxy.listen): no files left.'],
])('%s on port %d: %s', (code, port, expected, message) => {
  const cause = Object.assign(new Error('no files left'), { code });
  expect(listenFailure('127.0.0.1', port, 'proxy.listen', cause)).toMatchObject({ code: expected, message });
});
