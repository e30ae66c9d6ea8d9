import { expect, test } from 'vitest';
import { describeWait } from './describe-wait.ts';

const SESSION = {
  pid: 4711,
  role: 'shop',
  application: 'psql',
  state: 'idle in transaction',
  seconds: 35,
  gid: null,
};
const HIDDEN = { ...SESSION, application: null, state: null, seconds: null };
const PREPARED = { pid: null, role: 'shop', application: null, state: null, seconds: 90, gid: "order's" };

test.each([
  [
    'a session',
    { kind: 'transaction', blocker: SESSION } as const,
    'process 4711 (role “shop”, application “psql”, idle in transaction, for 35 s)',
    'SELECT pg_terminate_backend(4711);',
  ],
  [
    'a session of another role, whose state the server hides',
    { kind: 'lock', relation: 'visits', blocker: HIDDEN } as const,
    'a lock on “visits” of the source, which the transaction of another session holds: process 4711 (role “shop”)',
    'SELECT pg_terminate_backend(4711);',
  ],
  [
    'a prepared transaction',
    { kind: 'transaction', blocker: PREPARED } as const,
    "prepared transaction “order's” (role “shop”, for 90 s)",
    "ROLLBACK PREPARED 'order''s';",
  ],
  ['a standby', { kind: 'standby', slots: ['north'] } as const, 'slot “north”', 'synchronized_standby_slots'],
])('%s', (_, wait, message, sql) => {
  const described = describeWait(wait, 'source');
  expect(described.message).toContain(message);
  expect(described.remedySql).toContain(sql);
});
