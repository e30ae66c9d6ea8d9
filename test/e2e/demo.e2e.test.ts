/** The main job on a small scale: the whole demo, with its own PostgreSQL and load. */
import { afterEach, expect, test } from 'vitest';
import { runCommand, stopAll } from './run-command.ts';

afterEach(stopAll);

const SMALL = ['--scale', '0.02', '--users', '120', '--rate', '80', '--seconds', '3', '--json'];

interface DemoDocument {
  readonly ok: boolean;
  readonly checks: readonly { name: string; ok: boolean; value: number }[];
  readonly figures: {
    readonly mismatch?: { readonly differences: readonly { path: string }[]; readonly curl: string };
  };
}

test('a slice moves to the service and back under load, and every promise holds', async () => {
  const { status, stdout, stderr } = await runCommand(['sample/demo.ts', ...SMALL]);
  const document = parse(stdout, stderr);
  // With few users a share may be off by more than the demo's five points: that is arithmetic, and tested separately.
  const broken = document.checks.filter((check) => !check.ok && check.name !== 'share in canary');
  expect(broken).toEqual([]);
  const canary = document.checks.find((check) => check.name === 'share in canary');
  expect(canary?.value).toBeGreaterThan(10);
  expect(canary?.value).toBeLessThan(40);
  expect(status).toBe(document.ok ? 0 : 1);
});

test('a fault in the service stops it before traffic moves', async () => {
  const { status, stdout, stderr } = await runCommand(['sample/demo.ts', '--bug', ...SMALL]);
  const document = parse(stdout, stderr);
  expect(status).toBe(1);
  expect(document.ok).toBe(false);
  expect(document.figures.mismatch?.differences.length).toBeGreaterThan(0);
  expect(document.figures.mismatch?.curl).toContain('curl');
  expect(stderr).not.toMatch(/canary/);
});

function parse(stdout: string, stderr: string): DemoDocument {
  try {
    return JSON.parse(stdout) as DemoDocument;
  } catch {
    throw new Error(`not one JSON document:\n${stdout}\n${stderr}`);
  }
}
