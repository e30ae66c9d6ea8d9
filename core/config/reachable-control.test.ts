import { describe, expect, test } from 'vitest';
import { controlUrl } from './control-address.ts';
import { tokenFor } from './control-roles.ts';
import { readReachableControl } from './reachable-control.ts';

/** @param unset paths under `control:` whose variables are not set, joined with dots */
function read(given: Record<string, unknown>, unset: readonly string[] = []) {
  const control = readReachableControl(
    given,
    (...path) => !unset.some((place) => path.every((step, at) => place.split('.')[at] === String(step))),
  );
  return control && { url: controlUrl(control), token: tokenFor(control, 'operate') };
}

describe('readReachableControl', () => {
  test('what commands do not need is left out: a database, a key that is not known', () => {
    const given = { listen: '127.0.0.1:1', token: 'a token of mine', database: '', lisen: 1 };
    expect(read(given, ['database'])).toEqual({ url: 'http://127.0.0.1:1', token: 'a token of mine' });
  });

  test('of several tokens, the one that this shell has', () => {
    const tokens = [
      { name: 'proxy', roles: ['report'], token: '' },
      { name: 'ops', roles: ['operate'], token: 'the token of operators' },
      { name: 'x', roles: ['nothing'], token: 'the token of nothing' },
    ];
    expect(read({ listen: '0.0.0.0:1', tokens }, ['tokens.0.token'])).toEqual({
      url: 'http://0.0.0.0:1',
      token: 'the token of operators',
    });
  });

  test('a certificate whose paths are not set still means https', () => {
    const given = { listen: '10.0.0.1:1', tls: { cert: '', key: '' }, client: { ca: 'ca.pem' } };
    expect(read(given, ['tls.cert', 'tls.key'])).toMatchObject({ url: 'https://10.0.0.1:1' });
  });

  test.each([
    ['url', { url: '', listen: '127.0.0.1:1' }],
    ['listen', { listen: ':8081' }],
  ])('no other address takes the place of a control.%s that cannot be read', (key, given) => {
    expect(read(given, [key])).toBeUndefined();
    expect(read({ ...given, [key]: 'nowhere' })).toBeUndefined();
  });

  test('nothing said: the default address', () => {
    expect(read({})).toEqual({ url: 'http://127.0.0.1:8081', token: undefined });
  });
});
