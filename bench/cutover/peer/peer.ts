/**
 * The peer: what teams use today to move writes between two PostgreSQL databases. The application writes through
 * PgBouncer; native logical replication brings the rows over; the change of owner is PAUSE, a wait until replication has
 * caught up, sequences, RELOAD with the new host, RESUME. The way back is the same with a new copy of all rows: native
 * replication leaves no reverse stream behind.
 */
import type pg from 'pg';
import { onMachineClock } from '../../../sample/load/write-record.ts';
import type { RunningProcess } from '../../proxy/running-process.ts';
import { connect, openStage, type Stage, until } from '../../stage.ts';
import { seedSlice } from '../app/seed-slice.ts';
import { asApp, createTables, findWrites, fingerprint, NOTE_INSERT } from '../app/slice-tables.ts';
import { assertAnswers, findUsers, startApp } from '../app/start-app.ts';
import type { Databases, Ready, Subject, Switched } from '../subject.ts';
import { linkDatabases, type NativeLink, setSequences } from './native-link.ts';
import { type PgBouncer, startPgBouncer } from './pgbouncer.ts';
import { RECIPE, type RecipeName } from './recipes.ts';

const CATCH_UP_MS = 120_000;

interface PeerSide {
  readonly url: string;
  readonly client: pg.Client;
}

export class Peer implements Subject {
  readonly name: string;
  readonly keepsBoth = false;
  readonly sideDoorInsert = NOTE_INSERT;
  readonly #recipe: RecipeName;
  readonly #addresses: number;
  #stage: Stage | undefined;
  #pgbouncer: PgBouncer | undefined;
  #apps: RunningProcess[] = [];
  #link: NativeLink | undefined;
  #owner: PeerSide | undefined;
  #other: PeerSide | undefined;
  #lastSeeded = 0;
  #generation = 0;

  /** @param addresses how many processes of the application serve */
  constructor(recipe: RecipeName, addresses: number) {
    this.name = `pgbouncer ${recipe}`;
    this.#recipe = recipe;
    this.#addresses = addresses;
  }

  async setup(marks: number): Promise<Ready> {
    this.#stage = await openStage('bench-cutover');
    this.#owner = await this.#newSide(this.#stage.source);
    const { customers, lastSeeded } = await seedSlice(this.#owner.client, this.#owner.url, marks);
    this.#lastSeeded = lastSeeded;
    this.#pgbouncer = await startPgBouncer(asApp(this.#owner.url));
    const addresses = await this.#startApps(this.#pgbouncer.url);
    const ready = { addresses, inserts: true, ...(await findUsers(this.#owner.client, customers)) };
    await this.arm();
    await this.#assertEqual();
    await assertAnswers(ready);
    return ready;
  }

  databases(): Databases {
    const { owner, other } = this.#sides();
    return { owner: owner.url, other: other.url, sideDoor: asApp(owner.url) };
  }

  /** A new, empty database on the other cluster, copied and kept in step. What was there before is dropped. */
  async arm(): Promise<void> {
    if (this.#link !== undefined) return;
    this.#generation += 1;
    const stage = this.#stage!;
    const owner = this.#owner!;
    await this.#other?.client.end();
    const cluster = new URL(owner.url).port === String(stage.source.port) ? stage.target : stage.source;
    if (this.#other !== undefined) await cluster.dropDatabase(databaseOf(this.#other.url));
    this.#other = await this.#newSide(cluster);
    this.#link = await linkDatabases(`peer_${this.#generation}`, owner.client, owner.url, this.#other.client);
  }

  async switch(): Promise<Switched> {
    const { owner, other } = this.#sides();
    const pgbouncer = this.#pgbouncer!;
    const link = this.#link!;
    const steps: Record<string, number> = {};
    const step = async (name: string, work: Promise<void>) => {
      const began = performance.now();
      await work;
      steps[name] = performance.now() - began;
    };
    const from = onMachineClock(performance.now());
    await step('pause', pgbouncer.pause());
    await step('refuse', RECIPE[this.#recipe].refuseWriters(owner.client));
    await step('catch-up', RECIPE[this.#recipe].waitUntilCaughtUp(owner.client, link.name));
    await step('sequences', setSequences(other.client));
    await step('reload', pgbouncer.pointTo(asApp(other.url)));
    await step('resume', pgbouncer.resume());
    const to = onMachineClock(performance.now());
    // As the recipes have it: replication from the old database ends once the new one serves.
    await link.drop();
    this.#link = undefined;
    [this.#owner, this.#other] = [other, owner];
    return { orderedAt: from, from, to, endedAt: to, steps, abandoned: 0 };
  }

  back(): Promise<Switched> {
    return this.switch();
  }

  findWrites(database: pg.Client): Promise<Map<string, number>> {
    return findWrites(database, this.#lastSeeded);
  }

  /** Waits until both sides hold the same rows, while nothing writes. @throws when they stay different */
  async #assertEqual(): Promise<void> {
    const { owner, other } = this.#sides();
    const same = async () => (await fingerprint(owner.client)) === (await fingerprint(other.client));
    await until(same, CATCH_UP_MS, 'both databases to hold the same rows');
  }

  async stop(): Promise<void> {
    for (const app of this.#apps) await app.stop();
    await this.#pgbouncer?.stop();
    // A subscription left behind would keep its worker, and the slot on the other cluster.
    await this.#link?.drop().catch(() => undefined);
    await this.#owner?.client.end();
    await this.#other?.client.end();
    await this.#stage?.close();
  }

  #sides(): { readonly owner: PeerSide; readonly other: PeerSide } {
    if (this.#owner === undefined || this.#other === undefined) throw new Error('arm() comes first');
    return { owner: this.#owner, other: this.#other };
  }

  async #newSide(cluster: Stage['source']): Promise<PeerSide> {
    const name = `shop_${this.#generation}`;
    await cluster.dropDatabase(name);
    await cluster.createDatabase(name);
    const url = cluster.url(name);
    const client = await connect(url);
    await createTables(client, url);
    return { url, client };
  }

  async #startApps(poolUrl: string): Promise<string[]> {
    const addresses: string[] = [];
    for (let started = 0; started < this.#addresses; started += 1) {
      const app = await startApp(poolUrl);
      this.#apps.push(app.process);
      addresses.push(app.address);
    }
    return addresses;
  }
}

const databaseOf = (url: string): string => new URL(url).pathname.slice(1);
