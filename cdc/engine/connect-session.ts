/** The connections that a session needs, and its claim to be the stream's only process. */
import { STREAM_SCHEMA } from '@ficus/core';
import type pg from 'pg';
import { fenceOlderEpoch } from '../apply/checkpoint.ts';
import { TargetSession } from '../apply/target-session.ts';
import { refuseStranger } from '../catalog/refuse-stranger.ts';
import { breakOffQuery, endClient } from '../source/end-client.ts';
import { ReplicationConnection } from '../source/replication-connection.ts';
import { nameApplication, nameStream } from '../source/stream-names.ts';
import { StreamTakenError } from './classify-failure.ts';
import { connectTo } from './connect-to.ts';
import type { SessionHost } from './session-host.ts';
import type { SessionLife } from './session-life.ts';

/** Opens all at once: each connection costs several round trips. The last two, one per side, serve the preparation. */
export function connectSession(
  { options, settings }: SessionHost,
  life: SessionLife,
): Promise<[ReplicationConnection, TargetSession, pg.Client, pg.Client]> {
  const { slice, direction, sourceUrl, targetUrl } = options;
  const { answerMs } = settings;
  const name = nameApplication(slice, direction);
  return Promise.all([
    life.closing(ReplicationConnection.open(sourceUrl, name, answerMs), (connection) => connection.close()),
    life.closing(TargetSession.open({ url: targetUrl, applicationName: name, answerMs }), (session) =>
      session.close(),
    ),
    // It may be waiting for a slot to be created, which would then stay and pin the source's WAL.
    life.closing(connectTo(sourceUrl, name, answerMs), async (client) => {
      await breakOffQuery(client, sourceUrl);
      await endClient(client);
    }),
    life.closing(connectTo(targetUrl, name, answerMs), endClient),
  ]);
}

/**
 * Makes this process the stream's only one; fences off a process of an older epoch at once.
 * @throws StreamTakenError when another has it: stand by
 */
export async function claimStream(
  { options: { slice, direction = 'forward' }, epoch }: Pick<SessionHost, 'options' | 'epoch'>,
  session: TargetSession,
  target: pg.Client,
): Promise<void> {
  const { stream } = nameStream(slice, direction, '');
  if (await session.claim(stream)) return;
  await refuseStranger(target, STREAM_SCHEMA);
  await fenceOlderEpoch(target, stream, epoch);
  throw new StreamTakenError();
}
