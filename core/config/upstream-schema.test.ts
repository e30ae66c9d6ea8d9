import { expect, test } from 'vitest';
import { upstreamSchema } from './upstream-schema.ts';

const accepts = (more: Record<string, unknown>): boolean =>
  upstreamSchema.safeParse({ url: 'http://127.0.0.1:3000', ...more }).success;

test.each(['monolith', 'monolith.internal:8443', '10.0.0.7', '[2001:db8::1]:80'])('%j is a Host', (host) => {
  expect(accepts({ host })).toBe(true);
});

test.each(['', 'http://monolith', 'mono lith', 'monolith\r\nX-Evil: 1', 'monolith/path', 'user@monolith'])(
  '%j is no Host',
  (host) => {
    expect(accepts({ host })).toBe(false);
  },
);

test('a path that no Unix socket can have is refused', () => {
  expect(accepts({ socket: '/run/app.sock' })).toBe(true);
  expect(accepts({ socket: `/run/${'a'.repeat(120)}` })).toBe(false);
});
