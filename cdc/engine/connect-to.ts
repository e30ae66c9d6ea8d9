/** A plain connection of the engine: to prepare a stream, or to look at what one left. */
import pg from 'pg';
import { applySessionSettings } from '../catalog/session-settings.ts';
import { withinTime } from '../source/end-client.ts';

export async function connectTo(url: string, applicationName: string, answerMs = 10_000): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: answerMs,
  });
  client.on('error', () => undefined);
  await client.connect();
  await withinTime(client, answerMs, () => applySessionSettings(client));
  return client;
}
