/**
 * Assembles the control plane: database, flags, streams, parity, link, API, dashboard on one listener. Closes whatever
 * was opened before a failure.
 */
import { type ConfigRefusal, type FicusConfig, joinHostPort, listenFailure, OneAtATime } from '@ficus/core';
import type { FastifyInstance } from 'fastify';
import pino, { type Logger } from 'pino';
import { requireControlConfig, withoutTokens } from './control-config.ts';
import type { CutoverEngine } from './cutover/cutover-engine.ts';
import type { OpenReplication } from './replications/replication-set.ts';
import type { SourceEngine } from './replications/source-watch.ts';
import type { RunVerify } from './replications/verify-runs.ts';
import type { OpenFence } from './writers/slice-writers.ts';

export interface ControlOptions {
  readonly config: FicusConfig;
  readonly logger?: Logger;
  /** Opens change streams; by default cdc's engine. */
  readonly replications?: OpenReplication;
  /** Compares databases; by default cdc's verify. */
  readonly verify?: RunVerify;
  /** Looks at what streams have made on a source; by default cdc's. */
  readonly source?: SourceEngine;
  /** Opens the fence of a slice on a side; by default cdc's. */
  readonly openFence?: OpenFence;
  /** What a cutover needs of both databases; by default cdc's. */
  readonly cutover?: CutoverEngine;
}

export interface Control {
  /** `http://host:port` with the actual port. */
  readonly address: string;
  /**
   * Applies a valid config while everything runs: slices, upstreams, tables, rules, tokens. Other changes of `control`,
   * and those of `flags`, need a restart; the log says so. Concurrent calls are applied one after the other.
   */
  reload(config: FicusConfig): Promise<void>;
  /** A changed config was refused before it came here; null: the file has the running config again. */
  configRefused(refusal: ConfigRefusal | null): void;
  stop(): Promise<void>;
}

/**
 * Starts the control plane. Resolves when it listens; first copies and streams then begin in the background.
 * @throws FicusError FICUS_DATABASE_UNREACHABLE, FICUS_PORT_TAKEN, FICUS_CONTROL_ALREADY_RUNNING,
 *   FICUS_CONTROL_SCHEMA_NEWER, FICUS_CONFIG_INVALID, FICUS_PEM_UNREADABLE, FICUS_TLS_INVALID
 */
export async function startControl(options: ControlOptions): Promise<Control> {
  const config = withoutTokens(options.config);
  const logger = (options.logger ?? pino({ name: 'ficus' })).child({ part: 'control' });
  const { host, port, database, tokens, tls } = requireControlConfig(options.config);
  const {
    Access,
    makeApp,
    makeParts,
    openCdcReplication,
    runCdcVerify,
    cdcSource,
    openCdcFence,
    cdcCutover,
    openStore,
    SecureListener,
  } = await loadParts();
  const store = await openStore(database, logger);
  const closers: (() => unknown)[] = [() => store.close()];
  const closeAll = async () => {
    for (const close of closers.reverse()) await close();
  };
  try {
    const engines = {
      openReplication: options.replications ?? openCdcReplication,
      runVerify: options.verify ?? runCdcVerify,
      source: options.source ?? cdcSource,
      openFence: options.openFence ?? openCdcFence,
      cutover: options.cutover ?? cdcCutover,
    };
    const parts = await makeParts(config, engines, store, logger);
    closers.push(() => parts.stop());
    const access = new Access(tokens, logger);
    const secure =
      tls && new SecureListener(tls, logger, (why) => parts.runningConfig.takeFile('control.tls', why));
    const app = makeApp(parts, access, logger, secure);
    closers.push(() => app.close());
    closers.push(() => parts.streams.closeAll());
    closers.push(() => secure?.stop());
    await listenOn(app, host, port);
    parts.replications.startAll();
    parts.reverse.startAll();
    parts.sourceWatch.start();
    parts.writers.start();
    const address = addressOf(app, host, tls ? 'https' : 'http');
    logger.info({ address }, 'control plane listening');
    // What an earlier process left; if its databases are away, until they are back.
    parts.coordinator.resume().catch((error) => logger.error({ err: error }, 'attempts cannot be resumed'));
    parts.coordinator.watchFences();
    let stopped: Promise<void> | undefined;
    const reloads = new OneAtATime();
    const needsRestart = (area: string) => {
      parts.needsRestart.add(area);
      logger.warn({ area }, 'this part of the config needs a restart');
    };
    const applyConfig = async (given: FicusConfig) => {
      const next = withoutTokens(given);
      parts.needsRestart.clear();
      for (const area of changedAreas(config, next)) needsRestart(area);
      await parts.reconfigure(next);
      secure?.reload();
      parts.runningConfig.applied();
      if (!access.replaceTokens(given.control ?? tokens)) needsRestart('control');
      parts.streams.closeUnless((caller) => access.accepts(caller));
      logger.info({ slices: Object.keys(next.slices) }, 'config applied');
    };
    return {
      address,
      reload: (next) => reloads.run(() => applyConfig(next)),
      configRefused: (refusal) => parts.runningConfig.takeRefusal(refusal),
      stop: () => {
        stopped ??= closeAll();
        return stopped;
      },
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** Loaded only to start a control plane: commands that merely talk to one need not wait for it. */
async function loadParts() {
  const [access, app, parts, engine, store, secure, fence, cutover] = await Promise.all([
    import('./http/access.ts'),
    import('./control-app.ts'),
    import('./control-parts.ts'),
    import('./replications/cdc-engine.ts'),
    import('./store/open-store.ts'),
    import('./http/secure-listener.ts'),
    import('./writers/cdc-fence.ts'),
    import('./cutover/cutover-engine.ts'),
  ]);
  return { ...access, ...app, ...parts, ...engine, ...store, ...secure, ...fence, ...cutover };
}

function changedAreas(running: FicusConfig, next: FicusConfig): string[] {
  const areas = ['control', 'flags'] as const;
  return areas.filter((area) => JSON.stringify(running[area]) !== JSON.stringify(next[area]));
}

async function listenOn(app: FastifyInstance, host: string, port: number): Promise<void> {
  try {
    await app.listen({ host, port });
  } catch (cause) {
    throw listenFailure(host, port, 'control.listen', cause as NodeJS.ErrnoException);
  }
}

function addressOf(app: FastifyInstance, host: string, scheme: 'http' | 'https'): string {
  const bound = app.server.address();
  const port = typeof bound === 'object' && bound ? bound.port : 0;
  return `${scheme}://${joinHostPort(host, port)}`;
}
