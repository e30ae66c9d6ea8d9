/** Writers through all proxies, and side doors: one for each database, which tries all the time, whichever side owns the slice. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Side } from '@ficus/core';
import pg from 'pg';
import { INSERT } from './application.ts';

export interface WriteRecord {
  readonly tag: string;
  readonly cell: number;
  /** Number of the proxy, or the side door's. */
  readonly through: number | Side;
  /** Undefined when it was acknowledged; else a code. */
  readonly failure: string | undefined;
  readonly endedAt: number;
}

const WRITERS_EACH = 3;
/** Of each writer: together they make thirty writes a second. */
const PAUSE_MS = 200;
const SIDE_DOOR_PAUSE_MS = 100;
const ANSWER_MS = 30_000;
export const SIDE_DOOR = 'side-door';

export class Load {
  readonly records: WriteRecord[] = [];
  /** To which writes count that begin now. */
  cell = 0;
  readonly #stopping = new AbortController();
  readonly #running: Promise<unknown>[] = [];
  readonly #proxies: readonly string[];
  #number = 0;

  /** @param proxies their addresses, which a restarted one keeps */
  constructor(proxies: readonly string[]) {
    this.#proxies = proxies;
  }

  begin(): void {
    for (const [proxy, address] of this.#proxies.entries())
      for (let writer = 0; writer < WRITERS_EACH; writer += 1)
        this.#repeat(PAUSE_MS, proxy, (tag, cell) => post(`${address}/orders/${cell}/${tag}`));
  }

  /** Once both fences stand: before that the candidate would take what is written past the legacy. */
  openSideDoors(databases: Readonly<Record<Side, string>>): void {
    for (const side of ['legacy', 'candidate'] as const) {
      const door = new SideDoor(databases[side], side);
      this.#repeat(SIDE_DOOR_PAUSE_MS, side, (tag, cell) => door.write(tag, cell));
      this.#stopping.signal.addEventListener('abort', () => door.close());
    }
  }

  /** Resolves when each proxy has acknowledged a write that began after this call. */
  async flows(proxies: number, timeoutMs: number): Promise<boolean> {
    const [after, deadline] = [this.#number, Date.now() + timeoutMs];
    const missing = new Set(Array.from({ length: proxies }, (_, proxy) => proxy));
    for (let at = this.records.length; Date.now() < deadline; await sleep(20)) {
      for (; at < this.records.length; at += 1) {
        const { tag, through, failure } = this.records[at]!;
        if (failure === undefined && numberOf(tag) > after) missing.delete(Number(through));
      }
      if (missing.size === 0) return true;
    }
    return false;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#running);
  }

  #repeat(
    pauseMs: number,
    through: number | Side,
    write: (tag: string, cell: number) => Promise<string | undefined>,
  ): void {
    const { signal } = this.#stopping;
    const repeat = async () => {
      while (!signal.aborted) {
        this.#number += 1;
        const cell = this.cell;
        const tag = `${through}-${this.#number}`;
        const began = performance.now();
        const failure = await write(tag, cell).catch(codeOf);
        const endedAt = performance.now();
        this.records.push({ tag, cell, through, failure, endedAt });
        await sleep(Math.max(1, pauseMs - (endedAt - began)), undefined, { signal }).catch(() => undefined);
      }
    };
    this.#running.push(repeat());
  }
}

const numberOf = (tag: string): number => Number(tag.slice(tag.lastIndexOf('-') + 1));

/** @returns a code when it was not acknowledged */
async function post(url: string): Promise<string | undefined> {
  const response = await fetch(url, { method: 'POST', signal: AbortSignal.timeout(ANSWER_MS) });
  const text = await response.text();
  if (response.status === 201) return undefined;
  const code = /"code":\s*"([^"]+)"/.exec(text)?.[1];
  return code ?? `status ${response.status}`;
}

function codeOf(error: unknown): string {
  const { cause, code, name } = error as Error & { code?: string };
  return code ?? (cause as { code?: string } | undefined)?.code ?? name;
}

/** A person with psql: a connection that is opened again after it was lost. */
class SideDoor {
  readonly #url: string;
  readonly #side: Side;
  #client: pg.Client | undefined;

  constructor(url: string, side: Side) {
    this.#url = url;
    this.#side = side;
  }

  async write(tag: string, cell: number): Promise<undefined> {
    await (await this.#open()).query(INSERT, [tag, cell, this.#side]);
  }

  close(): void {
    this.#client?.end().catch(() => undefined);
  }

  async #open(): Promise<pg.Client> {
    if (this.#client) return this.#client;
    const client = new pg.Client({
      connectionString: this.#url,
      application_name: SIDE_DOOR,
      connectionTimeoutMillis: 2_000,
    });
    const lose = () => {
      if (this.#client === client) this.#client = undefined;
    };
    client.on('error', lose);
    client.on('end', lose);
    await client.connect();
    this.#client = client;
    return client;
  }
}
