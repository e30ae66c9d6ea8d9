/** First copy and verify of a slice's tables. */
import { copyView, verifyView } from '@ficus/contract';
import { type EmptiedTable, FicusError } from '@ficus/core';
import { z } from 'zod';
import { requireRole } from '../http/access.ts';
import { type Endpoint, endpoint } from '../http/endpoint.ts';
import type { OwnerStreams } from '../replications/owner-streams.ts';
import { refuseVerify } from '../replications/refuse-verify.ts';
import { verifyRequest } from '../replications/verify-request.ts';
import { makeAudited } from '../store/audit-log.ts';
import type { Store } from '../store/open-store.ts';
import { buildReplicationView } from '../views/build-replication-view.ts';
import type { SliceParts } from '../views/build-slice-view.ts';
import { lastVerify } from '../views/last-verify.ts';
import { noStream, noTables, reason, sliceOf, viewOf } from './slice-of.ts';

export interface DataEndpointParts extends SliceParts {
  readonly store: Store;
  readonly ownerStreams: OwnerStreams;
}

export function dataEndpoints(parts: DataEndpointParts): Endpoint[] {
  return [
    endpoint({
      method: 'POST',
      path: '/api/v1/slices/:name/copy',
      id: 'startCopy',
      summary: 'Continues the first copy, or restarts it; its progress is in the replication',
      body: z.strictObject({
        restart: z
          .boolean()
          .default(false)
          .describe('empty the candidate’s tables and copy again (role admin)'),
        reason,
      }),
      answer: copyView,
      status: 202,
      handle: async ({ params, body, actor, caller, requireWanted }) => {
        if (body.restart) requireRole(caller, 'admin', 'Emptying the candidate’s tables');
        const { name, config } = sliceOf(parts, params.name);
        if (config.tables.length === 0) noTables(name);
        if (parts.states.of(name).retired) noStream(parts, name);
        // Now, and again when it is its turn: a start that hangs may keep it waiting.
        const mayEmpty = () => {
          requireWanted();
          refuseWhileMoving(parts, name);
          refuseWhileServing(parts, name);
        };
        if (body.restart) mayEmpty();
        const entry = {
          actor,
          action: body.restart ? 'copy-restart' : 'copy',
          slice: name,
          was: null,
          became: null,
          reason: body.reason,
        };
        let emptied: readonly EmptiedTable[] = [];
        let mayHaveBegun = !body.restart;
        await makeAudited(parts.store, entry, async () => {
          try {
            // A stream back would carry what empties the candidate, and rows that come again, to the legacy.
            if (body.restart) await parts.reverse.disarm(name);
            emptied = await parts.replications.copy(name, body.restart, () => {
              mayEmpty();
              mayHaveBegun = true;
            });
            return undefined;
          } catch (error) {
            if (mayHaveBegun || !(error instanceof FicusError)) throw error;
            return error;
          }
        });
        const view = buildReplicationView(parts.replications, name) ?? noStream(parts, name);
        return { ...view, emptied: [...emptied] };
      },
    }),
    endpoint({
      method: 'POST',
      path: '/api/v1/slices/:name/verify',
      id: 'startVerify',
      summary: 'Starts a comparison of both databases; it changes nothing, so the audit has no entry for it',
      body: z.strictObject({
        mode: z
          .enum(['full', 'changed'])
          .default('full')
          .describe('all rows, or those changed since the last full comparison'),
        sample: z
          .int()
          .positive()
          .optional()
          .describe('a random sample of about this many rows of each side, in place of mode'),
        resume: z.boolean().default(false).describe('continue where the last full run was interrupted'),
      }),
      answer: verifyView,
      status: 202,
      handle: ({ params, body }) => {
        const { name } = sliceOf(parts, params.name);
        // A comparison would wait for a stream until its time is up.
        if (parts.states.of(name).retired) noStream(parts, name);
        const mode = body.sample === undefined ? body.mode : { sample: body.sample };
        const subject = {
          config: parts.config,
          owner: parts.states.of(name).owner,
          replication: parts.ownerStreams.port(name),
          version: parts.parity.versions(name).current,
        };
        const request = verifyRequest(name, subject, mode, body.resume);
        if (!request) return noTables(name);
        const status = parts.ownerStreams.status(name);
        const refusal = status && refuseVerify(status, parts.ownerStreams.copied(name));
        if (refusal) throw refusal;
        parts.verifyRuns.start(request);
        return lastVerify(parts, name)!;
      },
    }),
    endpoint({
      method: 'GET',
      path: '/api/v1/slices/:name/verify',
      id: 'getVerify',
      summary: 'The running verify, or the last one',
      answer: verifyView,
      handle: ({ params }) => {
        const { name } = sliceOf(parts, params.name);
        const run = lastVerify(parts, name);
        if (!run) throw new FicusError('FICUS_CONTROL_NOT_FOUND', `No verify of ${name} has run.`);
        return run;
      },
    }),
  ];
}

/** It may become the owner at any moment, or be it already. */
function refuseWhileMoving({ coordinator }: DataEndpointParts, name: string): void {
  if (coordinator.isMoving(name))
    throw new FicusError(
      'FICUS_CUTOVER_BUSY',
      `A cutover or rollback of ${name} is under way; a new copy would empty the candidate’s tables.`,
    );
}

/** Without a complete copy the candidate would serve its users from empty tables; what it owns is nowhere else. */
function refuseWhileServing(parts: DataEndpointParts, name: string): void {
  if (parts.states.of(name).owner === 'candidate')
    throw new FicusError(
      'FICUS_CONTROL_STILL_SERVING',
      `The candidate owns the data of ${name}; a new copy would empty its tables.`,
    );
  const { percent } = viewOf(parts, name).flags.serve;
  if (percent === 0) return;
  const share = percent === null ? 'an unknown share' : `${percent} %`;
  throw new FicusError(
    'FICUS_CONTROL_STILL_SERVING',
    `The candidate of ${name} serves ${share} of the users; a new copy would empty its tables.`,
  );
}
