import type { Finding } from '@ficus/cdc';
import type { ErrorCode } from '@ficus/core';
import { expect, test } from 'vitest';
import { waitForReleasedPorts } from './wait-for-released-ports.ts';

const refusedBy = (...codes: ErrorCode[]): Finding[] =>
  codes.map((code) => ({ severity: 'error', path: 'x', code, message: 'words' }));
const [FREE, TAKEN] = [refusedBy(), refusedBy('FICUS_PORT_TAKEN')];
const OTHER = refusedBy('FICUS_PORT_TAKEN', 'FICUS_DATABASE_UNREACHABLE');

test.each<[string, Finding[][], Finding[], number]>([
  ['a free port is looked at once', [FREE], FREE, 1],
  ['a port that is left a moment later is no finding', [TAKEN, TAKEN, FREE], FREE, 3],
  ['a port that stays taken is one', [TAKEN], TAKEN, 5],
  ['what does not pass is not waited for', [OTHER], OTHER, 1],
])('%s', async (_, answers, findings, looks) => {
  let asked = 0;
  const look = async () => answers[Math.min(asked++, answers.length - 1)]!;
  expect(await waitForReleasedPorts(look, 1)).toBe(findings);
  expect(asked).toBe(looks);
});
