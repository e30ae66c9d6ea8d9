/**
 * Proves that a stream carries what its source writes: a message goes through the source's WAL, the slot, the stream and
 * the target's checkpoint, and the stream's role may write every table of the target. What prevents it has a name and a
 * remedy, before anything depends on the stream.
 */
import { randomUUID } from 'node:crypto';
import { describeError, type ErrorCode, type ReplicationProblem, type ReplicationStatus } from '@ficus/core';
import type pg from 'pg';
import type { Replication, ReplicationOptions, RoundTrip } from '../replication.ts';
import { endClient } from '../source/end-client.ts';
import { formatMark, HEARTBEAT_PREFIX } from '../source/marks.ts';
import { nameStream } from '../source/stream-names.ts';
import { classifyFailure } from './classify-failure.ts';
import { connectTo } from './connect-to.ts';

interface Stream extends Pick<Replication, 'status' | 'waitForDurable'> {
  readonly options: ReplicationOptions;
  readonly source: pg.Pool;
}

/** Never rejects. */
export async function proveRoundTrip(stream: Stream, timeoutMs: number): Promise<RoundTrip> {
  const startedAt = performance.now();
  try {
    const missing = await findMissingRight(stream.options);
    if (missing) return { arrived: false, problem: missing };
    const lsn = await writeMessage(stream);
    if (await stream.waitForDurable(lsn, timeoutMs - (performance.now() - startedAt)))
      return { arrived: true, tookMs: performance.now() - startedAt };
  } catch (error) {
    const failure = classifyFailure(error);
    if ('problem' in failure) return { arrived: false, problem: failure.problem };
  }
  return { arrived: false, problem: whyNot(stream.status(), timeoutMs) };
}

async function writeMessage({ source, options }: Stream): Promise<string> {
  const { stream } = nameStream(options.slice, options.direction ?? 'forward', '');
  const mark = formatMark({ kind: 'heartbeat', stream, emitter: randomUUID(), emittedAtMs: Date.now() });
  const { rows } = await source.query<{ lsn: string }>(
    'SELECT pg_logical_emit_message(true, $1, $2)::text AS lsn',
    [HEARTBEAT_PREFIX, mark],
  );
  return rows[0]!.lsn;
}

/** A heartbeat writes no table: that the role may is asked. */
async function findMissingRight(options: ReplicationOptions): Promise<ReplicationProblem | undefined> {
  const { tables, direction, targetUrl } = options;
  const names = tables.map(({ from, to }) => (direction === 'reverse' ? from : to));
  const target = await connectTo(targetUrl, 'ficus');
  try {
    const { rows } = await target.query<{ role: string; name: string; lacks: string }>(
      `SELECT current_user AS role, c.oid::regclass::text AS name, string_agg(kind, ', ' ORDER BY place) AS lacks
         FROM unnest($1::text[]) AS wanted(name)
         JOIN pg_namespace n ON starts_with(wanted.name, n.nspname || '.')
         JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = substr(wanted.name, length(n.nspname) + 2)
        CROSS JOIN unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE}'::text[]) WITH ORDINALITY AS kinds(kind, place)
        WHERE NOT has_table_privilege(c.oid, kind) GROUP BY c.oid LIMIT 1`,
      [names],
    );
    const [lacking] = rows;
    if (!lacking) return undefined;
    const { role, name, lacks } = lacking;
    return problemOf('FICUS_CDC_PRIVILEGE', `Role “${role}” of the target lacks ${lacks} on ${name}.`);
  } finally {
    await endClient(target);
  }
}

function whyNot(status: ReplicationStatus, timeoutMs: number): ReplicationProblem {
  if (status.problem) return status.problem;
  return problemOf(
    'FICUS_CDC_NO_ROUND_TRIP',
    `A message in the WAL of the source was not on the target after ${Math.round(timeoutMs)} ms; the stream is ${status.state}, ${status.lagBytes} bytes behind.`,
  );
}

function problemOf(code: ErrorCode, message: string): ReplicationProblem {
  return { code, message, remedy: describeError(code).remedy };
}
