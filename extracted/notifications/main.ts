/**
 * The notifications service as a process. Configured only by environment variables (app/environment.ts); applies its
 * schema, listens, says so in its first line, and drains on SIGTERM and SIGINT.
 *
 * Exit 0 after a drain, 2 when a variable is wrong, 3 when the database or the port is unavailable.
 */
import { readFileSync } from 'node:fs';
import { openDatabase } from '@ficus-sample/chassis/database.ts';
import { drainOnSignal } from '@ficus-sample/chassis/drain.ts';
import { describeStartFailure } from '@ficus-sample/chassis/start-failure.ts';
import { startTracing } from '@ficus-sample/chassis/telemetry/tracing.ts';
import pino from 'pino';
import { buildApp } from './app/build-app.ts';
import { type Environment, readEnvironment } from './app/environment.ts';
import { applySchema } from './database/apply-schema.ts';
import { identityVerifier } from './identity/verify-identity.ts';
import { presentNotification } from './inbox/notifications.ts';
import { presentWithPlantedBug } from './inbox/planted-bug.ts';

const SERVICE = 'notifications';
const { version } = JSON.parse(readFileSync(new URL('./package.json', import.meta.url), 'utf8')) as {
  version: string;
};

async function run(environment: Environment): Promise<void> {
  const { host, port, databaseUrl, databasePool, identitySecret, internalToken, logLevel, plantedBug } =
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
  const app = await buildApp({
    db,
    verify: identityVerifier(identitySecret),
    internalToken,
    present: plantedBug ? presentWithPlantedBug : presentNotification,
    log,
    tracing,
    version,
  });

  const close = async () => {
    await app.close();
    await db.close();
    await tracing.shutdown();
  };
  // Fastify would announce the address in its own words; our line comes first.
  log.level = 'silent';
  const address = await app.listen({ host, port }).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  // Before the line: its reader may stop us at once.
  drainOnSignal(close, log);
  log.level = 'info'; // the launcher waits for this line, whatever the level
  log.info({ address }, 'listening');
  log.level = logLevel;
  if (plantedBug) log.warn('PLANTED_BUG is on: totals of orders are shown wrong, on purpose');
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
