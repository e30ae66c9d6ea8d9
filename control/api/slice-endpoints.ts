/** Reading: the state of slices, which proxies report, who changed what; and starting a new comparison window. */
import {
  auditEntryView,
  leftoverView,
  proxyView,
  replicationView,
  runningConfigView,
  sliceView,
} from '@ficus/contract';
import { sliceName } from '@ficus/core';
import { z } from 'zod';
import type { Coordinator } from '../cutover/coordinator.ts';
import { type Endpoint, endpoint } from '../http/endpoint.ts';
import type { EvidenceKeeper } from '../parity/evidence-keeper.ts';
import { readAudit, recordAudit } from '../store/audit-log.ts';
import { describeDatabase } from '../store/describe-database.ts';
import type { Store } from '../store/open-store.ts';
import type { ListedProxies } from '../traffic/listed-proxies.ts';
import { buildReplicationView } from '../views/build-replication-view.ts';
import type { SliceParts } from '../views/build-slice-view.ts';
import { noStream, reason, sliceOf, viewOf } from './slice-of.ts';

export interface SliceEndpointParts extends SliceParts {
  readonly store: Store;
  readonly coordinator: Coordinator;
  readonly evidenceKeeper: EvidenceKeeper;
  readonly proxies: ListedProxies;
  /** Changed areas of the config that take effect at the next start. */
  readonly needsRestart: ReadonlySet<string>;
}

/** Where the journal is. */
const journalOf = ({ config }: SliceEndpointParts): string =>
  describeDatabase(config.control?.database ?? '');

export function sliceEndpoints(parts: SliceEndpointParts): Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      path: '/api/v1/slices',
      id: 'listSlices',
      summary: 'All slices',
      answer: z.object({ slices: z.array(sliceView) }),
      handle: () => ({ slices: Object.keys(parts.config.slices).map((name) => viewOf(parts, name)) }),
    }),
    endpoint({
      method: 'GET',
      path: '/api/v1/slices/:name',
      id: 'getSlice',
      summary: 'The state of one slice',
      answer: sliceView,
      handle: ({ params }) => viewOf(parts, params.name),
    }),
    endpoint({
      method: 'GET',
      path: '/api/v1/slices/:name/replication',
      id: 'getReplication',
      summary: 'The status of a slice’s change stream',
      answer: replicationView,
      handle: ({ params }) => {
        const { name } = sliceOf(parts, params.name);
        return buildReplicationView(parts.replications, name) ?? noStream(parts, name);
      },
    }),
    endpoint({
      method: 'GET',
      path: '/api/v1/proxies',
      id: 'listProxies',
      summary: 'Proxies that reported within the last minute',
      answer: z.object({ proxies: z.array(proxyView) }),
      handle: () => ({
        proxies: parts.proxies
          .views(Date.now())
          .map(({ configRefused, epochs, address: _, owner: __, ...proxy }) => ({
            ...proxy,
            epochs: { ...epochs },
            configRefused: configRefused && { ...configRefused, problems: [...configRefused.problems] },
          })),
      }),
    }),
    endpoint({
      method: 'GET',
      path: '/api/v1/config',
      id: 'getRunningConfig',
      summary: 'Whether the control plane runs the config of its file',
      answer: runningConfigView,
      handle: () => {
        const { appliedAt, refused } = parts.runningConfig.view;
        const needsRestart = [...parts.needsRestart];
        return {
          appliedAt,
          refused: refused && { ...refused, problems: [...refused.problems] },
          needsRestart,
        };
      },
    }),
    endpoint({
      method: 'GET',
      path: '/api/v1/leftovers',
      id: 'listLeftovers',
      summary:
        'Slots and publications on the legacy’s database that no slice of the config uses; interrupted cutovers that it does not let end',
      answer: z.object({ leftovers: z.array(leftoverView) }),
      handle: async () => ({
        leftovers: [
          ...parts.coordinator
            .stranded()
            .map((left) => ({ ...left, slot: null, database: journalOf(parts), retainedBytes: null })),
          ...(await parts.sourceWatch.freshLeftovers()).map((leftover) => ({
            ...leftover,
            slice: leftover.slice ?? null,
            retainedBytes: leftover.retainedBytes ?? null,
          })),
        ],
      }),
    }),
    endpoint({
      method: 'GET',
      path: '/api/v1/audit',
      id: 'readAudit',
      summary: 'Who changed what, when, from what, to what, why; newest first',
      query: z.object({
        slice: sliceName.optional(),
        limit: z.coerce.number().int().min(1).max(1000).default(100),
        before: z.coerce.number().int().positive().optional().describe('only entries older than this id'),
      }),
      answer: z.object({ entries: z.array(auditEntryView) }),
      handle: async ({ query }) => ({ entries: await readAudit(parts.store, query) }),
    }),
    endpoint({
      method: 'POST',
      path: '/api/v1/slices/:name/parity/reset',
      id: 'resetParity',
      summary: 'Starts a new comparison window',
      body: z.strictObject({ reason }),
      answer: sliceView,
      handle: async ({ params, body, actor }) => {
        const { name } = sliceOf(parts, params.name);
        const { counts, since, version } = viewOf(parts, name).parity;
        await recordAudit(parts.store.query.bind(parts.store), {
          actor,
          action: 'parity-reset',
          slice: name,
          was: { since, counts, version },
          became: null,
          reason: body.reason,
        });
        parts.parity.reset(name);
        await parts.evidenceKeeper.saveReset(name);
        return viewOf(parts, name);
      },
    }),
  ];
}
