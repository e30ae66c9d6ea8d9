import { describe, expect, it } from 'vitest';
import { curlCommand } from '../reproduce/curl-command.ts';
import { isSensitiveName, redactDifference, redactTarget, redactText } from './redact.ts';

describe('redaction', () => {
  it('goes by the name of the member, even inside a value that was cut off', () => {
    expect(redactText('{"id":7,"password":"hunter2","accessToken":"abc')).toMatch(
      /^\{"id":7,"password":"‹redacted #[0-9a-f]{4}›","accessToken":"‹redacted #[0-9a-f]{4}›"$/,
    );
  });

  it('goes by the path, and still shows that two values differ', () => {
    const { legacy, candidate } = redactDifference({ path: '$.user.email', legacy: '"a"', candidate: '"b"' });
    expect(legacy).toMatch(/^‹redacted/);
    expect(legacy).not.toBe(candidate);
  });

  it('finds secrets and persons in free text', () => {
    const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln';
    const text = redactText(`ada@example.org ${jwt} Bearer abcdefgh 4111 1111 1111 1111 order 1234567890123`);
    expect(text).not.toMatch(/ada@|eyJ|abcdefgh|4111/);
    expect(text).toContain('order 1234567890123');
  });

  it('finds secrets in forms, cookies and pages', () => {
    expect(redactText('user=ada&password=hunter2; theme=dark')).toMatch(
      /^user=ada&password=‹.*›; theme=dark$/,
    );
    expect(redactText('<input type="hidden" name="csrf" value="abc"><input name="q" value="tea">')).toMatch(
      /name="csrf" value="‹.*›"><input name="q" value="tea">$/,
    );
  });

  it.each(['a', 'eyJ', '"', '4', 'x=', '@', 'name="', 'a.', '%40'])(
    'is not slow on %j, however often',
    (piece) => {
      // Processor time: other load on the machine does not count.
      const began = process.cpuUsage();
      redactText(piece.repeat(8192));
      const { user, system } = process.cpuUsage(began);
      expect((user + system) / 1000).toBeLessThan(200);
    },
  );

  it('keeps what developers need', () => {
    const difference = {
      path: '$.items[0].readAt',
      legacy: '1763655000004',
      candidate: '"2026-01-01T00:00:00Z"',
    };
    expect(redactDifference(difference)).toEqual(difference);
    expect(['id', 'total', 'status', 'title', 'customerId', 'passed'].filter(isSensitiveName)).toEqual([]);
  });

  it('removes sensitive parameters from a target', () => {
    expect(redactTarget('/reset?token=abc&page=2')).toBe('/reset?token=REDACTED&page=2');
  });
});

describe('curl', () => {
  it('asks the same again, with secrets for the reader to fill in', () => {
    const request = {
      method: 'GET',
      target: "/api/items?name=O'Hara&token=abc",
      headers: [
        ['host', 'shop'],
        ['accept', 'application/json'],
        ['cookie', 'sid=secret'],
        ['x-ficus-identity', 'eyJ'],
        ['x-forwarded-for', '10.0.0.1'],
      ] as const,
    };
    expect(curlCommand(request, 'http://127.0.0.1:3000/')).toBe(
      `curl -sS -i 'http://127.0.0.1:3000/api/items?name=O'\\''Hara&token=REDACTED' -H 'accept: application/json'` +
        ` -H 'cookie: '"$FICUS_COOKIE" -H 'x-ficus-identity: '"$FICUS_X_FICUS_IDENTITY"`,
    );
  });
});
