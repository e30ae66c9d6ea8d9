/**
 * Everything that a cell needs, as processes of their own: three clusters (legacy, candidate, control database), a control
 * plane, two proxies with two workers each. Only the applications and the writers are in this process.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type ControlClient, createControlClient } from '@ficus/contract';
import type { FicusConfigInput, Side } from '@ficus/core';
import { type EmbeddedCluster, freePort, startCluster } from '@ficus/tools';
import pg from 'pg';
import { makeTestDirectory } from '../../parts/test-directory.ts';
import { type Application, applicationOf, startApplication, TABLE } from './application.ts';
import { FicusProcess } from './ficus-process.ts';
import { Load, SIDE_DOOR } from './load.ts';

export const SLICE = 'orders';
export const PROXIES = 2;
/** Of each. */
export const WORKERS = 2;
const DATABASE = 'shop';

/** Commit times are what tells who owned a moment. */
const SETTINGS = {
  fsync: 'off',
  shared_buffers: '64MB',
  track_commit_timestamp: 'on',
  log_min_messages: 'fatal',
};

export type Place = Side | 'control';
type Clusters = Readonly<Record<Place, EmbeddedCluster>>;
type Stops = (() => Promise<unknown>)[];

export class Stage {
  readonly clusters: Clusters;
  readonly client: ControlClient;
  readonly load: Load;
  readonly proxies: FicusProcess[] = [];
  control!: FicusProcess;
  readonly #document: FicusConfigInput;
  /** Of the proxies: a restarted one keeps its own. */
  readonly #addresses: readonly string[];
  readonly #stops: Stops;

  constructor(clusters: Clusters, document: FicusConfigInput, addresses: readonly string[], stops: Stops) {
    this.clusters = clusters;
    this.client = createControlClient(`http://${document.control!.listen}`, undefined, 'kill matrix');
    this.load = new Load(addresses.map((address) => `http://${address}`));
    this.#document = document;
    this.#addresses = addresses;
    this.#stops = stops;
    stops.push(() => this.control?.stop());
    stops.push(() => Promise.all(this.proxies.map((proxy) => proxy.stop())));
    stops.push(() => this.load.stop());
  }

  static async open(): Promise<Stage> {
    const root = await makeTestDirectory('kill-matrix');
    const stops: Stops = [() => rm(root, { recursive: true, force: true })];
    try {
      const clusters = await startClusters(root, stops);
      const applications = await startApplications(clusters, stops);
      const ports = await Promise.all(Array.from({ length: PROXIES + 1 }, () => freePort()));
      const [listen, ...addresses] = ports.map((port) => `127.0.0.1:${port}`);
      const stage = new Stage(clusters, documentOf(listen!, clusters, applications), addresses, stops);
      await stage.startControl();
      for (const proxy of addresses.keys()) await stage.startProxy(proxy);
      stage.load.begin();
      return stage;
    } catch (error) {
      await end(stops);
      throw error;
    }
  }

  async startControl(): Promise<void> {
    this.control = await FicusProcess.start({ role: 'control', document: this.#document });
  }

  async startProxy(number: number): Promise<void> {
    const proxy = { ...this.#document.proxy, listen: this.#addresses[number]! };
    this.proxies[number] = await FicusProcess.start({
      role: 'proxy',
      controlUrl: `http://${this.#document.control!.listen}`,
      document: { ...this.#document, proxy },
    });
  }

  url(place: Place): string {
    return this.clusters[place].url(DATABASE);
  }

  query<R extends pg.QueryResultRow>(
    place: Place,
    text: string,
    values: readonly unknown[] = [],
  ): Promise<R[]> {
    return query<R>(this.url(place), text, values);
  }

  close(): Promise<void> {
    return end(this.#stops);
  }
}

async function end(stops: Stops): Promise<void> {
  for (const stop of stops.splice(0).reverse()) await stop().catch(() => undefined);
}

async function startClusters(root: string, stops: Stops): Promise<Clusters> {
  const start = async (place: Place) => {
    const cluster = await startCluster({ dataDir: join(root, place), settings: SETTINGS });
    stops.push(() => cluster.stop());
    await cluster.createDatabase(DATABASE);
    return cluster;
  };
  return {
    legacy: await start('legacy'),
    candidate: await start('candidate'),
    control: await start('control'),
  };
}

async function startApplications(clusters: Clusters, stops: Stops): Promise<Record<Side, Application>> {
  const start = async (side: Side) => {
    const url = clusters[side].url(DATABASE);
    await query(url, TABLE, []);
    const application = await startApplication(side, url);
    stops.push(() => application.close());
    return application;
  };
  return { legacy: await start('legacy'), candidate: await start('candidate') };
}

function documentOf(
  listen: string,
  clusters: Clusters,
  applications: Readonly<Record<Side, Application>>,
): FicusConfigInput {
  const placeOf = (side: Side) => ({ url: applications[side].url, database: clusters[side].url(DATABASE) });
  const writers = [applicationOf('legacy'), applicationOf('candidate'), SIDE_DOOR];
  return {
    version: 1,
    proxy: { listen: '127.0.0.1:0', workers: WORKERS },
    control: { listen, database: clusters.control.url(DATABASE) },
    legacy: placeOf('legacy'),
    slices: {
      [SLICE]: {
        candidate: placeOf('candidate'),
        routes: [
          { id: 'list', path: '/orders' },
          { id: 'write', methods: ['POST'], path: '/orders/:cell/:tag' },
        ],
        tables: [{ from: 'orders', to: 'orders' }],
        writers: writers.map((application) => ({ application, via: 'other', reason: 'the kill matrix' })),
        writersObservedMs: 1,
      },
    },
  };
}

/** A connection of its own: the servers are restarted. */
async function query<R extends pg.QueryResultRow>(
  connectionString: string,
  text: string,
  values: readonly unknown[],
): Promise<R[]> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 5_000, query_timeout: 30_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    // Without values several statements may stand in one text.
    const { rows } = await client.query<R>(text, values.length === 0 ? undefined : [...values]);
    return rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}
