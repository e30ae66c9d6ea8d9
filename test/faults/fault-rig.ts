/**
 * The rig of the fault tests: two clusters, a relay in front of each, the engine in a separate process, and the oracle.
 * One round: writers at work, faults as planned, then quiet, and everything is compared.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ReplicationOptions } from '@ficus/cdc';
import { verifySlice } from '@ficus/cdc';
import { type TableConfig, tableSchema } from '@ficus/core';
import { type EmbeddedCluster, startCluster } from '@ficus/tools';
import pg from 'pg';
import { makeTestDirectory } from '../parts/test-directory.ts';
import { EngineProcess } from './engine-process.ts';
import type { Fault, RoundPlan } from './fault-plan.ts';
import {
  type AnyTypeColumn,
  anyTypeColumns,
  FAULT_TABLES,
  sourceSchema,
  TARGET_TABLES,
  targetSchema,
} from './fault-schema.ts';
import { checkInvariants, judge } from './oracle.ts';
import type { Random } from './random.ts';
import { openRelay, type Relay } from './relay.ts';
import { startWorkload, type Workload } from './workload.ts';

const ROUND_LIMIT_MS = 60_000;
/** A stream without progress for this long will not continue by itself. */
const STOPPED_LIMIT_MS = 4_000;

/** Minimum transactions of a round, however little a busy machine manages in its time. */
const LEAST_COMMITTED = 30;

/** The engine refuses to continue, or is stuck. */
export class StreamStoppedError extends Error {}

export interface RoundResult {
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
  readonly committed: number;
  readonly rows: number;
  readonly deaths: number;
  /** New copies, because PostgreSQL could not decode its own WAL. */
  readonly undecodable: number;
}

export class FaultRig {
  readonly #root: string;
  readonly #source: EmbeddedCluster;
  readonly #target: EmbeddedCluster;
  readonly #relays: { readonly source: Relay; readonly target: Relay };
  readonly #columns: readonly AnyTypeColumn[];
  readonly #options: ReplicationOptions;
  #environment: Readonly<Record<string, string>> = {};
  readonly #acknowledged = new Set<string>();
  readonly #dropped = new Set<string>();
  #engine: EngineProcess | undefined;
  #deaths = 0;
  #undecodable = 0;
  readonly #restarting = new Map<EmbeddedCluster, Promise<void>>();
  /** The first copy of this life of the stream is complete. */
  #copied = false;
  #life = 0;

  constructor(
    root: string,
    clusters: readonly [EmbeddedCluster, EmbeddedCluster],
    relays: { source: Relay; target: Relay },
    columns: readonly AnyTypeColumn[],
  ) {
    this.#root = root;
    [this.#source, this.#target] = clusters;
    this.#relays = relays;
    this.#columns = columns;
    const through = (relay: Relay) => `postgres://postgres@127.0.0.1:${relay.port}/shop`;
    this.#options = {
      slice: 'faults',
      tables: FAULT_TABLES.map((table): TableConfig => tableSchema.parse(table)),
      sourceUrl: through(relays.source),
      targetUrl: through(relays.target),
      settings: {
        heartbeatMs: 100,
        copyChunkRows: 40,
        acknowledgeMs: 50,
        retryMs: 100,
        reconnectMinMs: 20,
        reconnectMaxMs: 200,
      },
    };
  }

  static async open(): Promise<FaultRig> {
    const root = await makeTestDirectory('faults');
    const cluster = (name: string) =>
      startCluster({
        dataDir: join(root, name),
        settings: {
          fsync: 'off',
          shared_buffers: '64MB',
          wal_sender_timeout: '5s',
          log_min_messages: 'fatal',
        },
      });
    const clusters = await Promise.all([cluster('source'), cluster('target')]);
    const [source, target] = clusters;
    await Promise.all([source.createDatabase('shop'), target.createDatabase('shop')]);
    const columns = await withClient(source.url('shop'), async (client) => {
      const found = await anyTypeColumns(client);
      await client.query(sourceSchema(found));
      return found;
    });
    await withClient(target.url('shop'), (client) => client.query(targetSchema(columns)));
    const relays = { source: await openRelay(source.port), target: await openRelay(target.port) };
    return new FaultRig(root, [source, target], relays, columns);
  }

  async close(): Promise<void> {
    await this.#engine?.kill();
    await Promise.all([this.#relays.source.close(), this.#relays.target.close()]);
    await Promise.all([this.#source.stop(), this.#target.stop()]);
    await rm(this.#root, { recursive: true, force: true });
  }

  /** Gives the engine this fault from the next round on, which must be a fresh one. */
  async mutate(mutant: string): Promise<void> {
    await this.#engine?.kill();
    this.#environment = { FICUS_MUTATION: mutant };
  }

  /** @throws StreamStoppedError when the stream does not come to rest in time */
  async round(plan: RoundPlan, random: Random): Promise<RoundResult> {
    this.#deaths = 0;
    this.#undecodable = 0;
    if (plan.fresh) await this.#forget();
    const failpoint = plan.faults.find((fault) => fault.kind === 'kill-at');
    if (failpoint) await this.#engine?.kill();
    this.#ensureEngine(failpoint ? { FICUS_FAILPOINT: `${failpoint.failpoint}:${failpoint.count}` } : {});
    const workload = startWorkload({
      url: this.#source.url('shop'),
      writers: 5,
      columns: this.#columns,
      random: random.fork(),
      acknowledged: this.#acknowledged,
      dropped: this.#dropped,
      onlyStreamed: () => {
        this.#copied ||= this.#engine?.copied === true;
        return this.#copied;
      },
      life: () => this.#life,
    });
    const watch = this.#watchInvariants();
    try {
      // A process takes time to start; faults are for one that is working.
      await this.#started();
      await Promise.all([
        sleep(plan.busyMs),
        ...plan.faults.filter((fault) => fault.kind !== 'kill-at').map((fault) => this.#strike(fault)),
      ]);
      await this.#enoughIsDone(workload);
      await workload.stop();
      await this.#comeToRest();
    } finally {
      await workload.stop();
      await watch.stop();
    }
    const broken = await watch.stop();
    const judged = await this.#judge();
    return {
      ...judged,
      lost: [...judged.lost, ...broken],
      committed: workload.committed,
      deaths: this.#deaths,
      undecodable: this.#undecodable,
    };
  }

  #ensureEngine(environment: Readonly<Record<string, string>> = {}): EngineProcess {
    if (this.#engine?.alive) return this.#engine;
    if (this.#engine) this.#deaths += 1;
    this.#engine = new EngineProcess(this.#options, { ...this.#environment, ...environment });
    return this.#engine;
  }

  async #started(): Promise<void> {
    const deadline = Date.now() + 5_000;
    while (this.#engine?.alive && !this.#engine.status && Date.now() < deadline) await sleep(10);
  }

  async #enoughIsDone(workload: Workload): Promise<void> {
    const deadline = Date.now() + ROUND_LIMIT_MS;
    while (workload.committed < LEAST_COMMITTED && Date.now() < deadline) await sleep(10);
  }

  /** As if the slice had never been copied. */
  async #forget(): Promise<void> {
    this.#copied = false;
    this.#life += 1;
    if (this.#engine) {
      while (!(await this.#ensureEngine().drop())) await sleep(50);
      await this.#engine.kill();
      this.#engine = undefined;
    }
    await withClient(this.#target.url('shop'), (client) =>
      client.query(`TRUNCATE ${TARGET_TABLES.join(', ')}`),
    );
    // Only those of this life are judged; the others would make each copy longer than the previous one.
    await withClient(this.#source.url('shop'), (client) => client.query('TRUNCATE brackets'));
  }

  async #strike(fault: Exclude<Fault, { kind: 'kill-at' }> | Fault): Promise<void> {
    if (fault.kind === 'kill-at') return;
    await sleep(fault.afterMs);
    const { source, target } = this.#relays;
    switch (fault.kind) {
      case 'kill':
        await this.#engine?.kill();
        this.#ensureEngine();
        return;
      case 'cut-source':
        source.cut();
        return;
      case 'cut-target':
        target.cut();
        return;
      case 'cut-both':
        source.cut();
        target.cut();
        return;
      case 'stall':
        source.stall();
        await sleep(150);
        source.resume();
        return;
      case 'halve':
        source.halve(true);
        await sleep(300);
        source.halve(false);
        return;
      case 'restart-source':
      case 'restart-target': {
        const cluster = fault.kind === 'restart-source' ? this.#source : this.#target;
        // A process that is being restarted is not hit again before it runs.
        const turn = (this.#restarting.get(cluster) ?? Promise.resolve()).then(async () => {
          if (fault.how === 'kill') await cluster.kill();
          else await cluster.stop();
          // The end of a copy may have been lost with the target: the engine reports it again, once it knows.
          if (cluster === this.#target && this.#engine) this.#engine.copied = false;
          await cluster.restart();
        });
        this.#restarting.set(cluster, turn);
        await turn;
      }
    }
  }

  /** Waits until the copy is complete and everything committed is applied; restarts the engine when it died. */
  async #comeToRest(): Promise<void> {
    const deadline = Date.now() + ROUND_LIMIT_MS;
    const lsn = await withClient(this.#source.url('shop'), async (client) => {
      const { rows } = await client.query<{ lsn: string }>('SELECT pg_current_wal_insert_lsn()::text AS lsn');
      return rows[0]?.lsn ?? '0/0';
    });
    let stoppedSince: number | undefined;
    for (;;) {
      const engine = this.#ensureEngine();
      if ((await engine.waitForPosition(lsn, 1_000)) && engine.copied) return;
      if (engine.status?.problem?.code === 'FICUS_CDC_SOURCE_UNDECODABLE') {
        // PostgreSQL's own fault; the operator has to apply the remedy.
        this.#undecodable += 1;
        await this.#forget();
        continue;
      }
      if (engine.status?.state !== 'stopped') stoppedSince = undefined;
      else stoppedSince ??= Date.now();
      const stopped = stoppedSince !== undefined && Date.now() - stoppedSince > STOPPED_LIMIT_MS;
      if (stopped || Date.now() > deadline)
        throw new StreamStoppedError(`the stream does not come to rest: ${JSON.stringify(engine.status)}`);
      await sleep(20);
    }
  }

  async #judge(): Promise<Pick<RoundResult, 'lost' | 'doubled' | 'rows'>> {
    const judged = await withClient(this.#source.url('shop'), (source) =>
      withClient(this.#target.url('shop'), (target) =>
        judge(source, target, this.#columns, this.#acknowledged, this.#life),
      ),
    );
    // The verifier must agree with the oracle, whatever the result.
    const report = await verifySlice({
      slice: 'faults',
      tables: this.#options.tables,
      sourceUrl: this.#source.url('shop'),
      targetUrl: this.#target.url('shop'),
      waitForApplied: (lsn, timeoutMs) => this.#waitThroughDeaths(lsn, timeoutMs),
      mode: 'full',
    });
    if (judged.equal !== (report.verdict === 'match')) {
      const first = JSON.stringify(report.differences[0] ?? report.reason);
      return {
        ...judged,
        lost: [...judged.lost, `verify says ${report.verdict}, the oracle does not: ${first}`],
      };
    }
    return judged;
  }

  /** A failpoint may be reached as late as now. */
  async #waitThroughDeaths(lsn: string, timeoutMs: number): Promise<boolean> {
    const deadline = Date.now() + timeoutMs;
    while (Date.now() < deadline) {
      const engine = this.#ensureEngine();
      if (await engine.waitForPosition(lsn, deadline - Date.now())) return true;
      await sleep(20);
    }
    return false;
  }

  /** Reads the target throughout the round: its invariants hold in every snapshot, not only at rest. */
  #watchInvariants(): { stop(): Promise<string[]> } {
    const broken: string[] = [];
    let stopping = false;
    const watching = (async () => {
      let client: pg.Client | undefined;
      while (!stopping) {
        await sleep(2);
        // A partial first copy is not a snapshot of anything.
        if (!this.#engine?.alive || !this.#engine.copied) continue;
        const life = this.#life;
        try {
          client ??= await openClient(this.#target.url('shop'));
          const problem = await checkInvariants(client);
          // Meanwhile a new copy may have started, into emptied tables.
          if (problem && life === this.#life) broken.push(`seen in passing: ${problem}`);
        } catch {
          // The target is being restarted.
          await client?.end().catch(() => undefined);
          client = undefined;
        }
      }
      await client?.end().catch(() => undefined);
    })();
    return {
      async stop() {
        stopping = true;
        await watching;
        return [...new Set(broken)];
      },
    };
  }
}

async function openClient(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

async function withClient<T>(connectionString: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await openClient(connectionString);
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
