/** First copy and verify of a slice's tables. */
import { copyView, verifyView } from '@ficus/contract';
import { type EmptiedTable, FicusError } from '@ficus/core';
import { z } from 'zod';
import { requireRole } from '../http/access.ts';
import { type Endpoint, endpoint } from '../http/endpoint.ts';
import { refuseVerify } from '../replications/refuse-verify.ts';
import { makeAudited } from '../store/audit-log.ts';
import type { Store } from '../store/open-store.ts';
import { buildReplicationView } from '../views/build-replication-view.ts';
import type { SliceParts } from '../views/build-slice-view.ts';
import { lastVerify } from '../views/last-verify.ts';
import { noTables, reason, sliceOf, viewOf } from './slice-of.ts';

export interface DataEndpointParts extends SliceParts {
  readonly store: Store;
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
        // Now, and again when it is its turn: a start that hangs may keep it waiting.
        const mayEmpty = () => {
          requireWanted();
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
        const view = buildReplicationView(parts.replications, name) ?? noTables(name);
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
        const { name, config } = sliceOf(parts, params.name);
        const [sourceUrl, targetUrl] = [parts.config.legacy.database, config.candidate.database];
        if (config.tables.length === 0 || !sourceUrl || !targetUrl) return noTables(name);
        const status = parts.replications.status(name);
        const refusal = status && refuseVerify(status, parts.replications.copied(name));
        if (refusal) throw refusal;
        const replication = parts.replications.port(name);
        parts.verifyRuns.start({
          slice: name,
          version: parts.parity.versions(name).current,
          tables: config.tables,
          sourceUrl,
          targetUrl,
          replication,
          mode: body.sample === undefined ? body.mode : { sample: body.sample },
          resume: body.resume,
        });
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

/** Without a complete copy the candidate would serve its users from empty tables. */
function refuseWhileServing(parts: DataEndpointParts, name: string): void {
  const { percent } = viewOf(parts, name).flags.serve;
  if (percent === 0) return;
  const share = percent === null ? 'an unknown share' : `${percent} %`;
  throw new FicusError(
    'FICUS_CONTROL_STILL_SERVING',
    `The candidate of ${name} serves ${share} of the users; a new copy would empty its tables.`,
  );
}
