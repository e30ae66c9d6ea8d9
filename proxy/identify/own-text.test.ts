import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cookieValue } from '../wire/cookie.ts';
import { IdentityAssertion } from './assertion.ts';
import { BearerClaims } from './bearer-claims.ts';
import { boundedKey, ownText } from './own-text.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Once nothing more is freed: what other tests have left behind is not all freed at the first attempt. */
async function heapUsed(): Promise<number> {
  for (let before = Number.POSITIVE_INFINITY; ; ) {
    collect();
    const { heapUsed: now } = process.memoryUsage();
    if (now > before - 10_000) return now;
    before = now;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('any text comes back unchanged', () => {
  const anyText = fc.array(fc.nat(0xffff), { maxLength: 20 }).map((units) => String.fromCharCode(...units));
  fc.assert(fc.property(anyText, (text) => ownText(text) === text));
  expect(ownText('\ud800 alone')).toBe('\ud800 alone');
});

test('keys are bounded, and as different as their texts', () => {
  const long = 'x'.repeat(10_000);
  expect(boundedKey('ann')).toBe('ann');
  expect(boundedKey(long).length).toBeLessThan(128);
  expect(boundedKey(long)).toBe(boundedKey(`${long}`));
  expect(boundedKey(long)).not.toBe(boundedKey(`${long}x`));
});

const COUNT = 500;
const FILL = 20_000;
/** Memory that kept heads or long ids would take: 10 MB. A tenth of it is allowed. */
const MOST = (COUNT * FILL) / 10;

/** A Cookie field as it comes from the wire, with an id of this length in it. */
function cookies(index: number, length: number): string {
  const id = `user-${index}-${'i'.repeat(length)}`;
  return Buffer.from(`pad=${'x'.repeat(FILL)}; sid=${id}`).toString('latin1');
}

async function heldBy(fill: (index: number) => unknown): Promise<number> {
  const before = await heapUsed();
  for (let index = 0; index < COUNT; index += 1) await fill(index);
  return (await heapUsed()) - before;
}

describe('the memory left by countless callers', () => {
  test('holds whole heads without own texts (proves that the measurement works)', async () => {
    const kept = new Set<string>();
    expect(await heldBy((index) => kept.add(cookieValue(cookies(index, 20), 'sid')!))).toBeGreaterThan(MOST);
    expect(kept.size).toBe(COUNT);
  });

  test('holds only ids, for keys', async () => {
    const kept = new Set<string>();
    const keep = (index: number) =>
      kept.add(ownText(boundedKey(cookieValue(cookies(index, index % 2 ? 20 : FILL), 'sid')!)));
    expect(await heldBy(keep)).toBeLessThan(MOST);
    expect(kept.size).toBe(COUNT);
  });

  test('holds only tokens, for assertions, and none of very long ids', async () => {
    const assertion = new IdentityAssertion({ secret: 's'.repeat(16), header: 'x', ttlSeconds: 60 });
    const sign = (index: number) => {
      const user = cookieValue(cookies(index, index % 2 ? 20 : FILL), 'sid');
      expect(
        assertion.tokenFor({ user, session: undefined, tenant: undefined, uncertain: false }, 's', 0),
      ).toBe(assertion.tokenFor({ user, session: undefined, tenant: undefined, uncertain: false }, 's', 0));
    };
    expect(await heldBy(sign)).toBeLessThan(MOST);
    expect(assertion.header).toBe('x');
  });

  test('holds only digests, for invalid bearer tokens', async () => {
    const claims = new BearerClaims({ secret: 's'.repeat(16), requireExp: true }, { say: () => {} });
    const token = (index: number): string =>
      Buffer.from(`${index}${'x'.repeat(FILL)}.y.z`).toString('latin1');
    expect(await heldBy((index) => claims.verify(token(index), 0))).toBeLessThan(MOST);
    expect(claims.known(token(COUNT - 1), 0)).toBe('none');
  });
});
