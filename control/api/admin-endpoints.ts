/** The admin API. */
import { FicusError, type FlagKind, type SliceConfig } from '@ficus/core';
import { z } from 'zod';
import type { FlagService } from '../flags/flag-service.ts';
import { readAudit, recordAudit } from '../store/audit-log.ts';
import type { Store } from '../store/open-store.ts';
import { buildReplicationView, buildSliceView, type SliceParts } from './build-slice-view.ts';
import { type Endpoint, endpoint } from './endpoint.ts';
import { evaluateServeReadiness } from './evaluate-serve-readiness.ts';
import {
  auditEntryView,
  flagChangeView,
  proxyView,
  replicationView,
  type SliceView,
  sliceView,
  verifyView,
} from './slice-view.ts';

export interface AdminParts extends SliceParts {
  readonly flags: FlagService;
  readonly store: Store;
}

const reason = z.string().max(500).default('').describe('why, for the audit');
const percent = z.int().min(0).max(100).describe('whole number from 0 to 100');

export function adminEndpoints(parts: AdminParts): Endpoint[] {
  return [...readingEndpoints(parts), ...flagEndpoints(parts), ...dataEndpoints(parts)];
}

function readingEndpoints(parts: AdminParts): Endpoint[] {
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
      summary: 'Where one slice stands',
      answer: sliceView,
      handle: ({ params }) => viewOf(parts, params.name),
    }),
    endpoint({
      method: 'GET',
      path: '/api/v1/slices/:name/replication',
      id: 'getReplication',
      summary: 'How a slice’s change stream stands',
      answer: replicationView,
      handle: ({ params }) => {
        const { name } = sliceOf(parts, params.name);
        return buildReplicationView(parts.replications, name) ?? noTables(name);
      },
    }),
    endpoint({
      method: 'GET',
      path: '/api/v1/proxies',
      id: 'listProxies',
      summary: 'Proxies that reported within the last minute',
      answer: z.object({ proxies: z.array(proxyView) }),
      handle: () => ({
        proxies: parts.traffic
          .proxyViews(Date.now())
          .map((proxy) => ({ ...proxy, epochs: { ...proxy.epochs } })),
      }),
    }),
    endpoint({
      method: 'GET',
      path: '/api/v1/audit',
      id: 'readAudit',
      summary: 'Who changed what, when, from what, to what, why; newest first',
      query: z.object({
        slice: z.string().optional(),
        limit: z.coerce.number().int().min(1).max(1000).default(100),
        before: z.coerce.number().int().positive().optional().describe('only entries older than this id'),
      }),
      answer: z.object({ entries: z.array(auditEntryView) }),
      handle: async ({ query }) => ({ entries: await readAudit(parts.store, query) }),
    }),
  ];
}

function flagEndpoints(parts: AdminParts): Endpoint[] {
  const change = async (
    kind: FlagKind,
    name: string | undefined,
    asked: { percent: number; reason: string },
    actor: string,
  ) => {
    const slice = sliceOf(parts, name);
    if (parts.config.flags.provider !== 'builtin')
      throw new FicusError(
        'FICUS_CONTROL_FLAGS_ELSEWHERE',
        `The flags of ${slice.name} come from the provider ${parts.config.flags.provider}.`,
      );
    const previous = parts.flags.state(slice.name, kind).percent;
    await parts.flags.setPercent({
      slice: slice.name,
      kind,
      percent: asked.percent,
      reason: asked.reason,
      actor,
    });
    return { previous, percent: asked.percent, slice: viewOf(parts, slice.name) };
  };
  return [
    endpoint({
      method: 'PUT',
      path: '/api/v1/slices/:name/serve',
      id: 'setServe',
      summary: 'Sets the share of reads that the candidate serves',
      body: z.strictObject({
        percent,
        reason,
        force: z.boolean().default(false).describe('insist although the candidate’s data is not ready'),
      }),
      answer: flagChangeView,
      handle: ({ params, body, actor }) => {
        const readiness = evaluateServeReadiness(buildReplicationView(parts.replications, params.name ?? ''));
        if (body.percent > 0 && !body.force && readiness.answer === 'fail')
          throw new FicusError(
            'FICUS_CONTROL_NOT_READY_TO_SERVE',
            `The candidate of ${params.name} cannot serve yet: ${readiness.text}.`,
          );
        const forced = body.percent > 0 && readiness.answer === 'fail';
        const why = forced ? `${body.reason} (forced although ${readiness.text})`.trim() : body.reason;
        return change('serve', params.name, { percent: body.percent, reason: why }, actor);
      },
    }),
    endpoint({
      method: 'PUT',
      path: '/api/v1/slices/:name/shadow',
      id: 'setShadow',
      summary: 'Sets the share of requests that are copied to the side that does not serve',
      body: z.strictObject({ percent, reason }),
      answer: flagChangeView,
      handle: ({ params, body, actor }) => change('shadow', params.name, body, actor),
    }),
    endpoint({
      method: 'POST',
      path: '/api/v1/slices/:name/parity/reset',
      id: 'resetParity',
      summary: 'Begins a new comparison window',
      body: z.strictObject({ reason }),
      answer: sliceView,
      handle: async ({ params, body, actor }) => {
        const { name } = sliceOf(parts, params.name);
        const { counts, since } = viewOf(parts, name).parity;
        await recordAudit(parts.store.query.bind(parts.store), {
          actor,
          action: 'parity-reset',
          slice: name,
          was: { since, counts },
          became: null,
          reason: body.reason,
        });
        parts.parity.reset(name);
        return viewOf(parts, name);
      },
    }),
  ];
}

function dataEndpoints(parts: AdminParts): Endpoint[] {
  return [
    endpoint({
      method: 'POST',
      path: '/api/v1/slices/:name/copy',
      id: 'startCopy',
      summary: 'Lets the first copy go on, or begins it anew; its progress is in the replication',
      body: z.strictObject({
        restart: z.boolean().default(false).describe('empty the candidate’s tables and begin anew'),
        reason,
      }),
      answer: replicationView,
      status: 202,
      handle: async ({ params, body, actor }) => {
        const { name, config } = sliceOf(parts, params.name);
        if (config.tables.length === 0) noTables(name);
        if (body.restart) refuseWhileServing(parts, name);
        await recordAudit(parts.store.query.bind(parts.store), {
          actor,
          action: body.restart ? 'copy-restart' : 'copy',
          slice: name,
          was: null,
          became: null,
          reason: body.reason,
        });
        await parts.replications.copy(name, body.restart);
        return buildReplicationView(parts.replications, name) ?? noTables(name);
      },
    }),
    endpoint({
      method: 'POST',
      path: '/api/v1/slices/:name/verify',
      id: 'startVerify',
      summary: 'Starts a comparison of both databases',
      body: z.strictObject({
        reason,
        mode: z
          .enum(['full', 'changed'])
          .default('full')
          .describe('all rows, or those that changed since the last comparison of all'),
        sample: z.int().positive().optional().describe('about so many rows of each side, in place of mode'),
        resume: z
          .boolean()
          .default(false)
          .describe('go on where the last full run stopped, when it did not come to its end'),
      }),
      answer: verifyView,
      status: 202,
      handle: ({ params, body }) => {
        const { name, config } = sliceOf(parts, params.name);
        const [sourceUrl, targetUrl] = [parts.config.legacy.database, config.candidate.database];
        if (config.tables.length === 0 || !sourceUrl || !targetUrl) return noTables(name);
        const replication = parts.replications.port(name);
        return parts.verifyRuns.start({
          slice: name,
          tables: config.tables,
          sourceUrl,
          targetUrl,
          replication,
          mode: body.sample === undefined ? body.mode : { sample: body.sample },
          goOn: body.resume,
        });
      },
    }),
    endpoint({
      method: 'GET',
      path: '/api/v1/slices/:name/verify',
      id: 'getVerify',
      summary: 'The verify under way, or the last one',
      answer: verifyView,
      handle: ({ params }) => {
        const { name } = sliceOf(parts, params.name);
        const run = parts.verifyRuns.view(name);
        if (!run)
          throw new FicusError('FICUS_CONTROL_NOT_FOUND', `${name} was not verified since the start.`);
        return run;
      },
    }),
  ];
}

function sliceOf(parts: AdminParts, name = ''): { name: string; config: SliceConfig } {
  const config = Object.hasOwn(parts.config.slices, name) ? parts.config.slices[name] : undefined;
  if (config) return { name, config };
  const known = Object.keys(parts.config.slices).join(', ') || 'none';
  throw new FicusError('FICUS_SLICE_UNKNOWN', `There is no slice “${name}”; there are: ${known}.`);
}

function viewOf(parts: AdminParts, name: string | undefined): SliceView {
  const slice = sliceOf(parts, name);
  const view = buildSliceView(parts, slice.name);
  if (!view) throw new FicusError('FICUS_SLICE_UNKNOWN', `There is no slice “${name}”.`);
  return view;
}

/** Whoever is served by the candidate would see its tables empty. */
function refuseWhileServing(parts: AdminParts, name: string): void {
  const { percent } = viewOf(parts, name).flags.serve;
  if (percent === 0) return;
  const share = percent === null ? 'a share that is kept elsewhere' : `${percent} %`;
  throw new FicusError(
    'FICUS_CONTROL_STILL_SERVING',
    `The candidate of ${name} serves ${share} of the users from the rows that a new copy drops.`,
  );
}

function noTables(name: string): never {
  throw new FicusError('FICUS_CONTROL_NO_TABLES', `The slice ${name} has no tables.`);
}
