/** Everything that Ficus is measured with, started and equal: two clusters, two applications, `ficus control`, proxies. */
import { type ControlClient, createControlClient } from '@ficus/contract';
import { freePort } from '@ficus/tools';
import type pg from 'pg';
import type { RunningProcess } from '../../proxy/running-process.ts';
import { connect, openStage, until } from '../../stage.ts';
import { type Seeded, seedSlice } from '../app/seed-slice.ts';
import { asApp, createTables, fingerprint } from '../app/slice-tables.ts';
import { startApp } from '../app/start-app.ts';
import { applicationOf, ficusDocument, SLICE } from './ficus-document.ts';
import type { FicusLog } from './ficus-log.ts';
import { startFicus } from './ficus-processes.ts';

const COPY_MS = 120_000;

export interface OursOptions {
  readonly proxies: number;
  /** Of each. */
  readonly workers: number;
  /** Gets what its processes complain of, and progress. */
  readonly log: FicusLog;
}

export interface RunningOurs {
  readonly legacy: Side;
  readonly candidate: Side;
  readonly client: ControlClient;
  readonly proxies: readonly string[];
  readonly seeded: Seeded;
}

interface Side {
  readonly url: string;
  readonly client: pg.Client;
  readonly app: { readonly address: string; readonly process: RunningProcess };
}

/** What is to be ended, in the order of its start. */
export type Stops = (() => Promise<unknown>)[];

/** @param stops gets what has been started, also when the start fails */
export async function startOurs(marks: number, options: OursOptions, stops: Stops): Promise<RunningOurs> {
  const keep = <T>(opened: T, stop: (opened: T) => Promise<unknown>): T => {
    stops.push(() => stop(opened));
    return opened;
  };
  const { source, target } = keep(await openStage('bench-cutover'), (stage) => stage.close());
  await source.createDatabase('shop');
  await target.createDatabase('shop');
  await source.createDatabase('ficus');
  const startSide = async (side: 'legacy' | 'candidate', url: string): Promise<Side> => {
    const client = keep(await connect(url), (opened) => opened.end());
    await createTables(client, url);
    const pool = new URL(asApp(url));
    pool.searchParams.set('application_name', applicationOf(side));
    const app = keep(await startApp(pool.href), ({ process }) => process.stop());
    return { url, client, app };
  };
  const legacy = await startSide('legacy', source.url('shop'));
  const candidate = await startSide('candidate', target.url('shop'));
  const seeded = await seedSlice(legacy.client, legacy.url, marks);
  const places = {
    control: { listen: `127.0.0.1:${await freePort()}`, database: source.url('ficus') },
    legacy: { url: legacy.app.address, database: legacy.url },
    candidate: { url: candidate.app.address, database: candidate.url },
  };
  const document = ficusDocument(places, options.workers);
  const ficus = keep(await startFicus(document, options.proxies, options.log), (started) => started.stop());
  const client = createControlClient(ficus.control, undefined, 'benchmark');
  const running = { legacy, candidate, client, proxies: ficus.proxies, seeded };
  await waitForCopy(running);
  return running;
}

async function waitForCopy({ client, legacy, candidate }: RunningOurs): Promise<void> {
  const streams = async () => {
    const { replication } = await client.slice(SLICE);
    return replication?.copied === true && replication.state === 'streaming';
  };
  await until(streams, COPY_MS, 'the first copy');
  const same = async () => (await fingerprint(legacy.client)) === (await fingerprint(candidate.client));
  await until(same, COPY_MS, 'both databases to hold the same rows');
}
