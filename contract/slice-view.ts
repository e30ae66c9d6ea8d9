/** What the API returns about a slice. The schemas are the contract: types, OpenAPI and the client come from here. */
import { STAGES } from '@ficus/core';
import { z } from 'zod';
import { candidateView } from './candidate-view.ts';
import { isoTime, sideName } from './common-view.ts';
import { legacyView } from './legacy-view.ts';
import { parityView } from './parity-view.ts';
import { replicationView } from './replication-view.ts';
import { trafficView } from './traffic-view.ts';
import { verifyView } from './verify-view.ts';
import { writersSummary } from './writers-view.ts';

const flagView = z.object({
  percent: z
    .int()
    .min(0)
    .max(100)
    .nullable()
    .describe('null while unknown: on for cohorts without a percentage, or not read yet'),
  changedAt: isoTime.nullable(),
});

const guardView = z.object({
  guard: z.string(),
  answer: z.enum(['pass', 'fail', 'insufficient evidence']),
  text: z.string().describe('what it demands and what there is, in one sentence'),
  numbers: z.record(z.string(), z.number()),
});

export const sliceView = z.object({
  name: z.string(),
  team: z.string().nullable(),
  stage: z.enum(STAGES),
  owner: sideName
    .nullable()
    .describe('takes the writes; null without tables: then they move with the serve flag, like the reads'),
  epoch: z.int(),
  flags: z.object({
    provider: z.enum(['builtin', 'file', 'unleash']).describe('where they are kept'),
    serve: flagView,
    shadow: flagView,
  }),
  routes: z.array(
    z.object({
      id: z.string(),
      methods: z.array(z.string()),
      path: z.string(),
      kind: z.enum(['read', 'write']),
    }),
  ),
  tables: z.array(z.object({ from: z.string(), to: z.string() })),
  legacy: legacyView,
  candidate: candidateView,
  traffic: trafficView,
  parity: parityView,
  replication: replicationView.nullable().describe('null for a slice without tables'),
  verify: verifyView.nullable().describe('the last run; null when there was none'),
  writers: writersSummary.nullable().describe('who else writes the tables; null for a slice without tables'),
  guards: z.array(guardView).describe('as a raise of the serve flag would be judged now'),
  rollback: z.object({
    answer: z.enum(['pass', 'fail', 'insufficient evidence']),
    text: z.string().describe('the way back, in one sentence'),
  }),
});

export const flagChangeView = z.object({
  previous: z.int().nullable().describe('previous percentage; null when there was none (only cohorts)'),
  percent: z.int(),
  overridden: z.array(guardView).describe('guards that refused the raise, and were overridden by force'),
  slice: sliceView,
});

export type GuardView = z.output<typeof guardView>;
export type SliceView = z.output<typeof sliceView>;
export type FlagChangeView = z.output<typeof flagChangeView>;
