import type { ErrorCode } from '@ficus/core';
import { expect, test } from 'vitest';
import type { StartDecision } from './decide-start.ts';
import { untilPortsAreLeft } from './until-ports-are-left.ts';

const refusedBy = (...codes: ErrorCode[]): StartDecision => ({
  refused: codes.map((code) => ({ severity: 'error', path: 'x', code, message: 'words' })),
  awaited: [],
});
const [FREE, TAKEN] = [refusedBy(), refusedBy('FICUS_PORT_TAKEN')];
const OTHER = refusedBy('FICUS_PORT_TAKEN', 'FICUS_DATABASE_UNREACHABLE');

test.each<[string, StartDecision[], StartDecision, number]>([
  ['a free port is looked at once', [FREE], FREE, 1],
  ['a port that is left a moment later is no finding', [TAKEN, TAKEN, FREE], FREE, 3],
  ['a port that stays taken is one', [TAKEN], TAKEN, 5],
  ['what does not pass is not waited for', [OTHER], OTHER, 1],
])('%s', async (_, answers, decision, looks) => {
  let asked = 0;
  const look = async () => answers[Math.min(asked++, answers.length - 1)]!;
  expect(await untilPortsAreLeft(look, 1)).toBe(decision);
  expect(asked).toBe(looks);
});
