import { expect, test } from 'vitest';
import { catalogue, type ErrorCode } from './catalogue.ts';
import { passesByItself } from './passes-by-itself.ts';

/** Before you change this list: for these codes `ficus serve SLICE 0` bypasses the control plane and its audit. */
test('these failures pass by themselves, and no others', () => {
  const codes = (Object.keys(catalogue) as ErrorCode[]).filter((code) => passesByItself({ code }));
  expect(codes.sort()).toEqual([
    'FICUS_CDC_FENCED',
    'FICUS_CDC_HELD',
    'FICUS_CDC_INTERRUPTED',
    'FICUS_CDC_SOURCE_UNSETTLED',
    'FICUS_CONTROL_BUSY',
    'FICUS_CONTROL_NOT_STORED',
    'FICUS_CONTROL_OUTCOME_UNKNOWN',
    'FICUS_CONTROL_TOO_MANY_BATCHES',
    'FICUS_CONTROL_TOO_MANY_REFUSALS',
    'FICUS_CONTROL_UNREACHABLE',
    'FICUS_DATABASE_UNREACHABLE',
    'FICUS_FLAGS_FILE_LOCKED',
    'FICUS_GUARD_REFUSED',
    'FICUS_PROXY_BREAKER_OPEN',
    'FICUS_PROXY_OVERLOADED',
    'FICUS_PROXY_REQUEST_TIMEOUT',
    'FICUS_PROXY_UNREACHABLE',
    'FICUS_PROXY_UPSTREAM_RESET',
    'FICUS_PROXY_UPSTREAM_TIMEOUT',
    'FICUS_PROXY_UPSTREAM_UNREACHABLE',
    'FICUS_PROXY_WRITES_HELD',
    'FICUS_UNLEASH_UNREACHABLE',
  ]);
});
