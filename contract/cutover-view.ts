/** What the API returns about cutovers and rollbacks of a slice's writes. */
import { CUTOVER_STEPS } from '@ficus/core';
import { z } from 'zod';
import { count, isoTime, problemView, sideName } from './common-view.ts';

const stepView = z.object({
  step: z.enum(CUTOVER_STEPS),
  state: z.enum(['done', 'running', 'failed', 'waiting', 'skipped']),
  ms: z.number().nullable().describe('how long it took, with all of its tries; null before its end'),
  tries: count.optional().describe('of a step that was tried again: how often'),
});

const pausePart = z.object({
  part: z.enum(['proxies', 'fence', 'barrier', 'verify', 'sequences', 'journal', 'lift']),
  ms: z.number(),
});

const estimateView = z.object({
  pauseMs: z.number().describe('how long writes would wait, about: the sum of the parts'),
  parts: z.array(pausePart).describe('measured while nothing was held'),
});

const endlessView = z.object({
  proxy: z.string(),
  route: z.string(),
  requests: count.describe(
    'writes under way that may not end soon: they keep a hold waiting until its bound',
  ),
});

const holdingView = z.object({
  proxy: z.string(),
  connected: z.boolean(),
  writes: z
    .enum(['open', 'leased', 'held'])
    .describe('what all of its workers have acknowledged of the attempt'),
  inFlight: count,
  held: count,
});

export const attemptView = z.object({
  operation: z.enum(['cutover', 'rollback']),
  newOwner: sideName,
  epoch: z.int().describe('of the slice, if it succeeds'),
  dryRun: z.boolean(),
  noWayBack: z.boolean(),
  actor: z.string(),
  reason: z.string(),
  state: z
    .enum(['running', 'abandoning', 'completing', 'done', 'abandoned', 'rehearsed'])
    .describe(
      'abandoning: it failed before the journal, and is being undone. completing: it is in the journal, and cannot fail any more',
    ),
  step: z.enum(CUTOVER_STEPS).describe('the last that has begun'),
  steps: z.array(stepView),
  pauseMs: z
    .number()
    .nullable()
    .describe(
      'how long writes were held; null while that is not known, and for an attempt that was interrupted after the journal',
    ),
  barrier: z.string().nullable().describe('position in the old owner’s WAL behind its last write'),
  failure: problemView.extend({ step: z.enum(CUTOVER_STEPS) }).nullable(),
  refusals: z.array(problemView).describe('everything that prevents it; the failure is the first'),
  notes: z.array(z.string()),
  asBefore: z
    .array(z.string())
    .optional()
    .describe('those of the notes that the attempt before had, too: nothing about them is new'),
  estimate: estimateView.nullable().describe('of a dry run'),
  endless: z.array(endlessView).describe('of a dry run, and while proxies hold'),
  proxies: z.array(holdingView).describe('while it runs'),
  startedAt: isoTime,
  journaledAt: isoTime.nullable().describe('point of no return'),
  finishedAt: isoTime.nullable(),
});

export const cutoverView = z.object({
  slice: z.string(),
  owner: sideName,
  epoch: z.int(),
  retired: z.boolean(),
  version: z.int().describe('grows with each change: pass it as `after` to wait for the next one'),
  inconsistency: z
    .string()
    .nullable()
    .describe(
      'what does not fit together; `ficus cutover SLICE --resume` brings it in line, where `repair` is null',
    ),
  repair: z.string().nullish().describe('what to do about it where `--resume` repairs nothing'),
  attempt: attemptView.nullable().describe('the one under way, or the last one'),
});

export type AttemptView = z.output<typeof attemptView>;
export type CutoverView = z.output<typeof cutoverView>;
