/**
 * The control plane's end of core/link/link-protocol.ts. The shape of everything that proxies send is checked once,
 * here.
 */
import {
  type FicusConfig,
  FicusError,
  LINK_PATHS,
  type ObservationBatch,
  type PositionsAnswer,
  PROXY_ID_HEADER,
  type ProxyReport,
} from '@ficus/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { ProxyLeases } from '../cutover/proxy-leases.ts';
import { type EventStreams, sendEvent } from '../http/event-streams.ts';
import { parseBody } from '../http/parse-body.ts';
import type { ParityService } from '../parity/parity-service.ts';
import type { BatchSpans } from '../replications/batch-spans.ts';
import type { PositionSource } from '../replications/position-source.ts';
import type { Store } from '../store/open-store.ts';
import type { CandidateWatch } from '../traffic/candidate-watch.ts';
import type { LegacyWatch } from '../traffic/legacy-watch.ts';
import { type ListedProxies, MOST_PROXIES } from '../traffic/listed-proxies.ts';
import type { TrafficWindow } from '../traffic/traffic-window.ts';
import type { WriterWatch } from '../writers/writer-watch.ts';
import { BatchesInHand } from './batches-in-hand.ts';
import { decideBatch } from './decide-batch.ts';
import { holdToAttempts } from './hold-to-attempts.ts';
import { holdBusy, holdDroppedCopies, holdEpochs, holdTraffic } from './hold-to-config.ts';
import { holdsBody, observationBatchBody, positionsBody, repeatedBatchBody } from './link-schemas.ts';
import { parseObservations } from './parse-observations.ts';
import { parseReport } from './parse-report.ts';
import type { ProgressHub } from './progress-hub.ts';
import { LARGEST_BATCH, parseBatch, readBatch, tooLarge } from './read-batch.ts';
import type { StateHub } from './state-hub.ts';
import { NumbersByOwner, type TakenNumbers } from './taken-numbers.ts';

interface LinkParts {
  readonly store: Pick<Store, 'replaced'>;
  readonly config: FicusConfig;
  readonly progress: ProgressHub;
  readonly positions: PositionSource;
  readonly traffic: TrafficWindow;
  readonly proxies: ListedProxies;
  readonly candidates: CandidateWatch;
  readonly legacy: LegacyWatch;
  readonly parity: ParityService;
  readonly streams: EventStreams;
  readonly stateHub: StateHub;
  readonly leases: ProxyLeases;
  readonly writers: WriterWatch;
  readonly batchSpans: BatchSpans | undefined;
}

/** Its observations are checked one by one. */
type UncheckedBatch = Omit<ObservationBatch, 'observations'> & { readonly observations: readonly unknown[] };

/** A control plane that was replaced knows the owners of the past, and could renew leases that its successor counted out. */
const forProxies = ({ store }: Pick<LinkParts, 'store'>) => ({
  config: { role: 'report' } as const,
  preHandler: async () => {
    if (store.replaced)
      throw new FicusError('FICUS_CONTROL_ALREADY_RUNNING', 'Another control plane has taken over.');
  },
});

export function registerLinkRoutes(app: FastifyInstance, parts: LinkParts): void {
  const link = forProxies(parts);
  app.get(LINK_PATHS.stream, link, (request, reply) => {
    reply.hijack();
    const ways = [
      parts.stateHub.subscribe((event) => sendEvent(reply.raw, 'state', event)),
      parts.progress.subscribe((event) => sendEvent(reply.raw, 'progress', event)),
      parts.leases.connect(proxyOf(request), request.ip, request.caller.owner),
    ];
    parts.streams.add(reply.raw, request.caller, () => {
      for (const leave of ways) leave();
    });
    sendEvent(reply.raw, 'state', parts.stateHub.snapshot());
    sendEvent(reply.raw, 'progress', parts.progress.snapshot());
  });

  app.post(LINK_PATHS.positions, link, async (request): Promise<PositionsAnswer> => {
    const { slices, writes } = parseBody(positionsBody, request.body);
    const positions = await parts.positions.positions(slices);
    if (writes !== undefined) parts.batchSpans?.place(writes, positions);
    return { positions };
  });

  app.post(LINK_PATHS.holds, link, (request, reply) => {
    const report = parseBody(holdsBody, request.body);
    const { owner } = request.caller;
    const { slices, renewed, refusal } = holdToAttempts(
      report,
      parts.stateHub.snapshot().slices,
      parts.config,
    );
    parts.leases.take({ ...report, slices, proxyId: ownedId(owner, report.proxyId) }, owner);
    if (refusal !== undefined)
      throw new FicusError('FICUS_CONTROL_ATTEMPT_OVER', refusal, { details: { renewed } });
    return reply.code(204).send();
  });

  registerReports(app, parts);
  registerObservations(app, parts);
}

function registerReports(app: FastifyInstance, parts: LinkParts): void {
  const numbers = new NumbersByOwner();
  app.post(LINK_PATHS.report, forProxies(parts), (request, reply) => {
    const { owner } = request.caller;
    const reported = parseReport(request.body, parts.parity.refused);
    const { number } = reported;
    const turn =
      number === undefined ? 'new' : numbers.of(owner).take(reported.proxyId, number, performance.now());
    const report = { ...reported, proxyId: ownedId(owner, reported.proxyId) };
    if (turn === 'new') takeReport(request, report, parts);
    // Sent again, it has the same counts and newer facts; an earlier one has arrived late, with old ones.
    else if (turn === 'last') takeReport(request, { ...report, traffic: [], droppedCopies: [] }, parts);
    return reply.code(204).send();
  });
}

/** The proxies of one token's owner are none of another's, whatever ids they say: no name has a slash. */
const ownedId = (owner: string | undefined, proxyId: string): string =>
  owner === undefined ? proxyId : `${owner}/${proxyId}`;

/** As in its reports; undefined for a proxy of an earlier version. */
function proxyOf({ headers, caller }: FastifyRequest): string | undefined {
  const id = headers[PROXY_ID_HEADER];
  return typeof id === 'string' && id.length > 0 && id.length <= 200 ? ownedId(caller.owner, id) : undefined;
}

/** The counts of a proxy without a place in the list count; nothing is remembered of the proxy itself. */
function takeReport({ ip: address, caller }: FastifyRequest, report: ProxyReport, parts: LinkParts): void {
  const { config, parity } = parts;
  const { owner } = caller;
  const traffic = holdTraffic(report.traffic, config, parity.refused);
  const held = { ...report, traffic, epochs: holdEpochs(report.epochs, config) };
  const now = Date.now();
  const isListed = parts.proxies.take({ address, owner }, held, now);
  parts.leases.wake();
  const known = isListed ? held : withoutTroubles(held);
  if (!isListed) parity.refused.add('proxy', 'too-many-proxies', { slice: '' }, manyOf(owner));
  parts.traffic.add(known, now);
  parts.candidates.takeReport(known, Object.keys(config.slices), now);
  parts.legacy.takeReport(known, now);
  if (isListed) parts.writers.takeReport({ ...held, busy: holdBusy(report.busy, config) }, owner);
  const dropped = holdDroppedCopies(report.droppedCopies, config, parity.refused);
  for (const { slice, reason, copies } of dropped) parity.skipped(slice, reason, copies);
}

const withoutTroubles = (report: ProxyReport): ProxyReport => ({
  ...report,
  ...{ failingChecks: undefined, breakersOpen: undefined, breakersOnErrors: undefined },
});

const manyOf = (owner: string | undefined): string =>
  `${MOST_PROXIES} others ${owner === undefined ? '' : `of the token “${owner}” `}reported within the last minute`;

function registerObservations(app: FastifyInstance, parts: LinkParts): void {
  const { parity } = parts;
  const numbers = new NumbersByOwner();
  const inHand = new Map<string | undefined, BatchesInHand>();
  const startedAt = performance.now();
  const take = async ({ observations, ...batch }: UncheckedBatch, numbers: TakenNumbers) => {
    const decision = decideBatch(batch, numbers, startedAt, performance.now());
    if (decision === 'unknown')
      throw new FicusError('FICUS_CONTROL_BATCH_UNKNOWN', `batch ${batch.number} was first sent earlier`);
    if (decision === 'compare') await parity.observeAll(parseObservations(observations, parity.refused));
  };
  const handle = async (request: FastifyRequest, schema: z.ZodType<UncheckedBatch>) => {
    const { owner } = request.caller;
    const length = Number(request.headers['content-length'] ?? LARGEST_BATCH);
    if (length > LARGEST_BATCH) throw tooLarge(`${LARGEST_BATCH} bytes`);
    const held = inHand.get(owner) ?? new BatchesInHand();
    inHand.set(owner, held);
    await held.hold(length, async () => {
      const body = await readBatch((request.body ?? []) as AsyncIterable<Buffer>);
      await held.inOrder(async () => {
        await parity.turns.next();
        // Its sender no longer waits, and sends it again with its number.
        if (!request.raw.socket.destroyed) await take(parseBody(schema, parseBatch(body)), numbers.of(owner));
      });
    });
  };
  // Bodies are left unread until there is room for them.
  app.register(async (batches) => {
    batches.removeAllContentTypeParsers();
    batches.addContentTypeParser('application/json', (_request, payload, done) => done(null, payload));
    const answer = (path: string, schema: z.ZodType<UncheckedBatch>) =>
      batches.post(path, forProxies(parts), async (request, reply) => {
        await handle(request, schema);
        return reply.code(204).send();
      });
    answer(LINK_PATHS.observations, observationBatchBody);
    answer(LINK_PATHS.observationsAgain, repeatedBatchBody);
  });
}
