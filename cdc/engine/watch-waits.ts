/**
 * A stream that does not move is asked about: who keeps its sessions waiting? Costs nothing while it moves. A wait is no
 * failure: the session continues, and its status says what it waits for.
 */
import { describeError, type ReplicationProblem } from '@ficus/core';
import pg from 'pg';
import { describeWait } from '../source/describe-wait.ts';
import { endClient } from '../source/end-client.ts';
import { readTransactionWait, readUse, readWait, type Wait } from '../source/read-waits.ts';

interface WaitWatch {
  readonly source: () => pg.Pool;
  readonly targetUrl: string;
  readonly applicationName: string;
  /** Any text that changes as long as the stream moves; undefined while it is not supposed to. */
  readonly progress: () => string | undefined;
  /** Transactions of the source that the copy waits for without a lock. */
  readonly transactions: () => readonly string[];
  /** Tables of the target that the stream waits for without a place in the server's queue. */
  readonly toEmpty: () => readonly string[];
  /** Undefined when nothing is waited for any more. */
  readonly onWait: (problem: ReplicationProblem | undefined) => void;
}

const LOOK_MS = 1_000;
/** Without any progress for this long, a stream is asked about. */
const STILL_MS = 2_000;

/** Returns a function that stops it. */
export function watchWaits(watch: WaitWatch): () => void {
  let before: string | undefined;
  let movedAtMs = Date.now();
  let asking = false;
  let ended = false;
  const look = async () => {
    const now = watch.progress();
    if (now === undefined || now !== before) {
      movedAtMs = Date.now();
      before = now;
      watch.onWait(undefined);
    }
    if (asking || Date.now() - movedAtMs < STILL_MS) return;
    asking = true;
    const problem = await askBoth(watch).catch(() => undefined);
    asking = false;
    if (!ended && watch.progress() === before) watch.onWait(problem);
  };
  const timer = setInterval(() => void look(), LOOK_MS);
  return () => {
    ended = true;
    clearInterval(timer);
    watch.onWait(undefined);
  };
}

async function askBoth(watch: WaitWatch): Promise<ReplicationProblem | undefined> {
  const { applicationName, transactions } = watch;
  const source = watch.source();
  const xids = transactions();
  const here =
    (xids.length > 0 ? await readTransactionWait(source, xids) : undefined) ??
    (await readWait(source, applicationName));
  if (here) return problemOf(here, 'source');
  const there = await askTarget(watch);
  return there && problemOf(there, 'target');
}

/** On a connection of its own: the stream's may be the one that waits. */
async function askTarget({ targetUrl, applicationName, toEmpty }: WaitWatch): Promise<Wait | undefined> {
  const tables = toEmpty();
  const client = new pg.Client({
    connectionString: targetUrl,
    application_name: 'ficus',
    connectionTimeoutMillis: 5_000,
    query_timeout: 5_000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await readUse(client, tables, applicationName)) ?? (await readWait(client, applicationName));
  } finally {
    await endClient(client);
  }
}

function problemOf(wait: Wait, where: 'source' | 'target'): ReplicationProblem {
  const { code, message, remedySql } = describeWait(wait, where);
  return { code, message, remedy: `${describeError(code).remedy} ${remedySql}` };
}
