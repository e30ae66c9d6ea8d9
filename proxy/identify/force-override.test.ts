import { describe, expect, test } from 'vitest';
import { createForceOverride, forceHeader } from './force-override.ts';

const SECRET = 'a secret of testers';
const NOW = 1_800_000_000_000;
const signed = createForceOverride({ secret: SECRET, trustedNetworks: ['10.0.0.0/8'] })!;
const read = (header: string, client = '203.0.113.9', now = NOW) => signed.read(header, client, now);
const [, signature] = forceHeader('candidate', SECRET).split(';') as [string, string];
const ending = forceHeader('candidate', SECRET, NOW / 1000 + 60);

describe('a tester’s override', () => {
  test('is accepted from a trusted network, or signed', () => {
    expect(read('legacy', '10.1.2.3')).toBe('legacy');
    expect(read('legacy')).toBeUndefined();
    expect(read(forceHeader('legacy', SECRET))).toBe('legacy');
    expect(read(`candidate ; ${signature}`)).toBe('candidate');
  });

  test('expires at the time it names', () => {
    expect(read(ending)).toBe('candidate');
    expect(read(ending, '203.0.113.9', NOW + 60_000)).toBeUndefined();
  });

  test.each([
    ['another side', `legacy;${signature}`],
    ['another secret', forceHeader('candidate', 'another secret of theirs')],
    ['no such side', `both;${signature}`],
    ['a later end', ending.replace(/;\d+;/, `;${NOW / 1000 + 9_999};`)],
    ['an end that was not signed', `candidate;${NOW / 1000 + 60};${signature}`],
    ['the end left out', ending.replace(/;\d+;/, ';')],
    ['an invalid end', `candidate;soon;${signature}`],
    ['too much', `candidate;1;2;${signature}`],
    ['no signature', 'candidate;'],
    ['nothing', ''],
  ])('%s is refused, and a wrong signature is refused even from a trusted network', (_, header) => {
    expect(read(header)).toBeUndefined();
    if (header !== '') expect(read(header, '10.1.2.3')).toBeUndefined();
  });

  test('is refused without a secret', () => {
    const networksOnly = createForceOverride({ trustedNetworks: [] })!;
    expect(networksOnly.read(forceHeader('candidate', ''), '10.1.2.3', NOW)).toBeUndefined();
    expect(createForceOverride(undefined)).toBeUndefined();
  });
});
