/** The connections that a session lives on, and its claim to be the stream's only process. */
import type pg from 'pg';
import { fenceOlderEpoch } from '../apply/checkpoint.ts';
import { TargetSession } from '../apply/target-session.ts';
import type { ReplicationOptions } from '../replication.ts';
import { breakOffQuery, endClient } from '../source/end-client.ts';
import { ReplicationConnection } from '../source/replication-connection.ts';
import { nameStream } from '../source/stream-names.ts';
import { StreamTakenError } from './classify-failure.ts';
import { connectTo } from './prepare-stream.ts';
import type { SessionHost } from './session-host.ts';
import type { SessionLife } from './session-life.ts';

/** All at once: each connection costs several round trips. The last two, one to each side, are for what comes before the stream. */
export function connectSession(
  { options, settings }: SessionHost,
  life: SessionLife,
): Promise<[ReplicationConnection, TargetSession, pg.Client, pg.Client]> {
  const { slice, sourceUrl, targetUrl } = options;
  const { answerMs } = settings;
  const name = `ficus ${slice}`.slice(0, 63);
  return Promise.all([
    life.closing(ReplicationConnection.open(sourceUrl, name, answerMs), (connection) => connection.close()),
    life.closing(TargetSession.open({ url: targetUrl, applicationName: name, answerMs }), (session) =>
      session.close(),
    ),
    // It may be waiting for a slot to be made, which would then stay, and hold the source's WAL.
    life.closing(connectTo(sourceUrl, name, answerMs), async (client) => {
      await breakOffQuery(client, sourceUrl);
      await endClient(client);
    }),
    life.closing(connectTo(targetUrl, name, answerMs), endClient),
  ]);
}

/**
 * Becomes the stream's only process; a process of an older epoch is fenced off at once.
 * @throws StreamTakenError when another has it: stand by
 */
export async function claimStream(
  { slice, direction = 'forward', epoch = 1 }: ReplicationOptions,
  session: TargetSession,
  target: pg.Client,
): Promise<void> {
  const { stream } = nameStream(slice, direction, '');
  if (await session.claim(stream)) return;
  await fenceOlderEpoch(target, stream, epoch);
  throw new StreamTakenError();
}
