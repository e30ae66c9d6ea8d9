import type { Finding } from '@ficus/cdc';
import { expect, test } from 'vitest';
import { decideStart } from './decide-start.ts';

const finding = (path: string, code: Finding['code'], severity: Finding['severity'] = 'error'): Finding => ({
  path,
  code,
  severity,
  message: 'words',
});
const AWAY = 'FICUS_DATABASE_UNREACHABLE';
const paths = (findings: readonly Finding[]) => findings.map(({ path }) => path);

test.each<[string, Finding[], string[], string[]]>([
  ['nothing', [], [], []],
  ['a warning', [finding('legacy.database', AWAY, 'warning')], [], []],
  ['a database of a slice that is away', [finding('legacy.database', AWAY)], ['legacy.database'], []],
  ['the control database away', [finding('control.database', AWAY)], [], ['control.database']],
  [
    'the server of all databases away',
    [finding('control.database', AWAY), finding('legacy.database', AWAY)],
    [],
    ['control.database', 'legacy.database'],
  ],
  [
    'the control database away and a port taken',
    [finding('control.database', AWAY), finding('proxy.listen', 'FICUS_PORT_TAKEN')],
    ['proxy.listen'],
    ['control.database'],
  ],
])('%s', (_, findings, refused, awaited) => {
  const decision = decideStart(findings);
  expect([paths(decision.refused), paths(decision.awaited)]).toEqual([refused, awaited]);
});
