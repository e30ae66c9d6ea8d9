import { FicusError } from '@ficus/core';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { observationBatchBody, reportBody } from '../link/link-schemas.ts';
import { parseBody } from './parse-body.ts';

const report = { proxyId: 'p', workers: 1, epochs: {}, traffic: [], droppedCopies: [] };

function refusal(schema: Parameters<typeof parseBody>[0], body: unknown): FicusError {
  try {
    parseBody(schema, body);
  } catch (error) {
    if (error instanceof FicusError) return error;
  }
  throw new Error('not refused');
}

it('an answer lists at most twenty problems', () => {
  const { message, details } = refusal(z.array(z.string()), Array(5_000).fill(1));
  expect(details.errors).toHaveLength(20);
  expect(message.length).toBeLessThan(4_000);
});

it.each([
  ['traffic', reportBody, { ...report, traffic: Array(200_000).fill({}) }],
  ['droppedCopies', reportBody, { ...report, droppedCopies: Array(20_000).fill({}) }],
  ['observations', observationBatchBody, { observations: Array(20_000).fill({}) }],
])('more %s than a proxy ever sends are one problem, and none of them is parsed', (_, schema, body) => {
  expect(refusal(schema, body).details.errors).toHaveLength(1);
});

it('an impossible count is refused', () => {
  const count = { slice: 's', route: 'r', side: 'legacy', reason: 'pinned', failures: 0, durationMs: 1 };
  expect(refusal(reportBody, { ...report, traffic: [{ ...count, requests: 1e308 }] }).message).toContain(
    'traffic',
  );
});
