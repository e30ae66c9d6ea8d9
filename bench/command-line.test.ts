import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BOUND_MISSED, readCheckout, UsageError } from './command-line.ts';

const ROOT = join(import.meta.dirname, '..');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ficus-checkout-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A checkout in which npm ci has run, with a workspace that lies at `target`. */
function checkoutWith(target: string): string {
  const scope = join(folder, 'node_modules', '@ficus');
  mkdirSync(scope, { recursive: true });
  mkdirSync(join(folder, 'proxy'));
  symlinkSync(target, join(scope, 'proxy'));
  return folder;
}

describe('--before', () => {
  test('names another checkout that is installed', () => {
    const checkout = checkoutWith('../../proxy');
    expect(readCheckout(checkout, 'proxy')).toBe(checkout);
  });

  test.each([
    ['this checkout', () => ROOT, /is the one that is measured/],
    [
      'this checkout by another path',
      () => {
        symlinkSync(ROOT, join(folder, 'link'));
        return join(folder, 'link');
      },
      /is the one that is measured/,
    ],
    ['a folder without node_modules', () => folder, /in which npm ci has run/],
    ['a checkout with another’s workspaces', () => checkoutWith(join(ROOT, 'proxy')), /another checkout/],
  ])('refuses %s', (_, named, message) => {
    const before = named();
    expect(() => readCheckout(before, 'proxy')).toThrow(UsageError);
    expect(() => readCheckout(before, 'proxy')).toThrow(message);
  });
});

test('.ci/run accepts the status of a missed bound, which is none of Node’s own (1 to 14)', () => {
  expect(readFileSync(join(ROOT, '.ci', 'run'), 'utf8')).toContain(`[ "$status" -eq ${BOUND_MISSED} ]`);
  expect(BOUND_MISSED).toBeGreaterThan(14);
});
