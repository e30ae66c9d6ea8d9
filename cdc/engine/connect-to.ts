/** A plain connection of the engine: to prepare a stream, or to look at what one left. */
import pg from 'pg';
import { withinTime } from '../source/end-client.ts';
import { requireOwnSession, takeSession } from '../source/own-session.ts';

export async function connectTo(url: string, applicationName: string, answerMs = 10_000): Promise<pg.Client> {
  await requireOwnSession(url, answerMs);
  const client = new pg.Client({
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: answerMs,
  });
  client.on('error', () => undefined);
  await client.connect();
  await withinTime(client, answerMs, () => takeSession(client));
  return client;
}
