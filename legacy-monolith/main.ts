/**
 * The shop as a process. Configured only by environment variables (app/environment.ts); applies its schema, listens,
 * says so in its first line, and drains on SIGTERM and SIGINT.
 *
 * Exit 0 after a drain, 2 when a variable is wrong, 3 when the database or the port is unavailable.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { openDatabase } from '@ficus-sample/chassis/database.ts';
import { drainOnSignal } from '@ficus-sample/chassis/drain.ts';
import { describeStartFailure } from '@ficus-sample/chassis/start-failure.ts';
import { startTracing } from '@ficus-sample/chassis/telemetry/tracing.ts';
import pino from 'pino';
import { buildApp } from './app/build-app.ts';
import { type Environment, readEnvironment } from './app/environment.ts';
import { startReminderJob } from './cart/reminder-job.ts';
import { applySchema } from './database/apply-schema.ts';
import { listenToOrders } from './orders/order-events.ts';
import { notificationsClient } from './outbox/notifications-client.ts';
import { RequestRelay } from './outbox/request-relay.ts';

const SERVICE = 'shop';
const { version } = JSON.parse(readFileSync(new URL('./package.json', import.meta.url), 'utf8')) as {
  version: string;
};

async function run(environment: Environment): Promise<void> {
  const { host, port, databaseUrl, databasePool, logLevel, reminderIntervalMs, notificationsApiUrl } =
    environment;
  await applySchema(databaseUrl);

  const log = pino({ level: logLevel, base: { service: SERVICE, version } });
  const tracing = await startTracing(SERVICE, version, process.env);
  const db = openDatabase({
    url: databaseUrl,
    applicationName: SERVICE,
    poolSize: databasePool,
    wrap: tracing.wrapStatement,
    onIdleError: (error) => log.warn({ err: error }, 'database connection lost'),
  });
  const events = listenToOrders(databaseUrl, (error) => log.warn({ err: error }, 'order events interrupted'));
  // Without another API of notifications the shop posts to itself, once it listens.
  let address = '';
  const notifications = notificationsClient(() => notificationsApiUrl ?? address);
  const internalToken = environment.internalToken ?? randomBytes(24).toString('base64url');
  const relay = new RequestRelay({ db, notifications, token: internalToken, log });
  const app = await buildApp({ db, events, notifications, relay, internalToken, log, tracing, version });

  const close = async () => {
    await relay.stop();
    await app.close();
    await events.close();
    await db.close();
    await tracing.shutdown();
  };
  // Fastify would announce the address in its own words; our line comes first.
  log.level = 'silent';
  address = await app.listen({ host, port }).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  relay.start();
  const stopReminders = startReminderJob(db, reminderIntervalMs, log);

  const drain = async () => {
    await stopReminders();
    await close();
  };
  // Before the line: its reader may stop us at once.
  drainOnSignal(drain, log);
  log.level = 'info'; // the launcher waits for this line, whatever the level
  log.info({ address }, 'listening');
  log.level = logLevel;
}

const result = readEnvironment(process.env);
if (!result.ok) {
  for (const problem of result.problems) console.error(problem);
  process.exit(2);
}
try {
  await run(result.environment);
} catch (error) {
  const { databaseUrl, host, port } = result.environment;
  console.error(describeStartFailure(error, { databaseUrl, listen: { host, port } }));
  process.exit(3);
}
