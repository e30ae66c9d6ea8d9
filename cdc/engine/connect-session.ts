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

/**
 * All at once: each connection costs several round trips. The last two, one to each side, are for what comes before the stream.
 * @param atEnd takes what has to be done when the session ends, also while something is still being opened
 */
export function connectSession(
  { options, settings }: SessionHost,
  atEnd: (cleanup: () => unknown) => void,
): Promise<[ReplicationConnection, TargetSession, pg.Client, pg.Client]> {
  const { slice, sourceUrl, targetUrl } = options;
  const { answerMs } = settings;
  const name = `ficus ${slice}`.slice(0, 63);
  const closing = <T>(opening: Promise<T>, close: (opened: T) => unknown): Promise<T> => {
    atEnd(() => opening.then(close, () => undefined));
    return opening;
  };
  return Promise.all([
    closing(ReplicationConnection.open(sourceUrl, name, answerMs), (connection) => connection.close()),
    closing(TargetSession.open({ url: targetUrl, applicationName: name, answerMs }), (session) =>
      session.close(),
    ),
    // It may be waiting for a slot to be made, which would then stay, and hold the source's WAL.
    closing(connectTo(sourceUrl, name, answerMs), async (client) => {
      await breakOffQuery(client, sourceUrl);
      await endClient(client);
    }),
    closing(connectTo(targetUrl, name, answerMs), endClient),
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
