/**
 * The primary holds what is held once (config, flags source, link to the control plane, life of the pins, totals, admin
 * address) and hands it to its workers, which hold what a request needs.
 */
import { randomUUID } from 'node:crypto';
import { availableParallelism, platform } from 'node:os';
import {
  type ClientFeatures,
  type ConfigProblem,
  catalogue,
  type ErrorCode,
  type FicusConfig,
  FicusError,
  formatProblem,
  joinHostPort,
  NewestWins,
  type ParsedConfig,
  type SliceState,
  splitHostPort,
} from '@ficus/core';
import type { Logger } from 'pino';
import { cannotChange, checkCreatable, checkUpstreams } from '../config-file/config-change.ts';
import { readConfigFile } from '../config-file/read-config-file.ts';
import { UnaskedReloads } from '../config-file/unasked-reloads.ts';
import type { FlagsSource } from '../flags/flags-source.ts';
import { openFlags } from '../flags/open-flags.ts';
import { ControlLink } from '../link/control-link.ts';
import { announce } from '../observe/announce.ts';
import { createLogger } from '../observe/create-logger.ts';
import { MetricTotals } from '../observe/metrics-text.ts';
import { PinLedger } from '../pin/pin-ledger.ts';
import type { ReloadResult, RunningProxy, StartProxyOptions } from '../start-proxy.ts';
import type { WorkerInit, WorkerMessage } from '../worker/worker-messages.ts';
import { type AdminServer, startAdminServer } from './admin-server.ts';
import { probePort } from './listen-port.ts';
import { PinSpread } from './pin-spread.ts';
import { WorkerBook } from './worker-book.ts';
import { forkWorkers, serveInProcess, type WorkerPool } from './worker-pool.ts';

/** Longest wait for flags and owners before serving without them. */
const FIRST_PICTURE_MS = 5_000;
const FREE_PORT_ATTEMPTS = 5;

export class Primary implements RunningProxy {
  address = '';
  adminAddress: string | undefined = undefined;

  readonly #options: StartProxyOptions;
  readonly #logger: Logger;
  readonly #proxyId = randomUUID();
  readonly #totals = new MetricTotals();
  readonly #ledger: PinLedger;
  readonly #spread: PinSpread;
  readonly #timers = new Set<NodeJS.Timeout>();
  #config: FicusConfig;
  #generation = 1;
  readonly #readings = new NewestWins();
  #flagSet: ClientFeatures | undefined;
  #slices: Readonly<Record<string, SliceState>> = {};
  #stateKnown = false;
  #connected = false;
  #link: ControlLink | undefined;
  #flags: FlagsSource | undefined;
  #unasked: UnaskedReloads | undefined;
  #admin: AdminServer | undefined;
  #pool: WorkerPool | undefined;
  #listenPort: number;
  readonly #workerCount: number;
  readonly #book = new WorkerBook();
  #stopping: Promise<void> | undefined;

  constructor(options: StartProxyOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#workerCount = countWorkers(options);
    this.#listenPort = splitHostPort(options.config.proxy.listen).port;
    this.#logger = options.logger ?? createLogger('info');
    this.#ledger = new PinLedger({
      askPositions: options.controlUrl ? (slices) => this.#link!.askPositions(slices) : undefined,
      onRelease: (pins) => this.#pool?.send({ kind: 'release', pins }),
      later: (action, ms) => this.#later(action, ms),
    });
    this.#spread = new PinSpread({
      // One that starts up takes as long as the machine lets it, and is given all pins when it begins.
      workers: () => this.#pool?.begun ?? [],
      send: (message, worker) => this.#pool?.send(message, worker),
    });
  }

  async start(): Promise<void> {
    checkUpstreams(this.#config);
    const { configFile } = this.#options;
    if (configFile !== undefined) this.#unasked = new UnaskedReloads(configFile, () => this.#reloadUnasked());
    await this.#openSources();
    await this.#startWorkers();
    announce(this.#logger, { address: this.address, workers: this.#pool!.workers.length }, 'listening');
    const { admin } = this.#config.proxy;
    if (admin !== undefined) {
      const { host, port } = splitHostPort(admin);
      this.#admin = await startAdminServer(host, port, {
        notReady: () => this.#notReady(),
        metrics: () => this.#totals.text(this.#gauges()),
      });
      this.adminAddress = this.#admin.address;
      this.#logger.info({ address: this.adminAddress }, 'admin listening');
    }
    this.#unasked?.begin();
  }

  async reload(): Promise<ReloadResult> {
    const reading = this.#readings.begin();
    const [parsed] = await Promise.all([this.#readConfig(), this.#flags?.reload()]);
    if (reading.stale) return { ok: true, generation: this.#generation };
    if (!parsed.ok) return this.#refuse(parsed.problems);
    const problems = [...cannotChange(this.#config, parsed.config), ...checkCreatable(parsed.config)];
    if (problems.length > 0) return this.#refuse(problems);
    reading.take();
    if (JSON.stringify(parsed.config) === JSON.stringify(this.#config)) {
      return { ok: true, generation: this.#generation };
    }
    this.#config = parsed.config;
    this.#generation += 1;
    this.#pool!.send({ kind: 'config', config: this.#config, generation: this.#generation });
    this.#logger.info({ generation: this.#generation }, 'config taken over');
    return { ok: true, generation: this.#generation };
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#unasked?.stopWatching();
    await this.#pool?.drain();
    this.#flags?.stop();
    await this.#link?.stop();
    await this.#admin?.stop();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#unasked?.stopListening();
  }

  /**
   * Waits for the first flags and owners, but neither for long nor for a control plane that is away: the port matters
   * more. (A last known picture, kept on disk, would be taken over here.)
   */
  async #openSources(): Promise<void> {
    const { controlUrl } = this.#options;
    const first: Promise<unknown>[] = [];
    const away = Promise.withResolvers<void>();
    if (controlUrl) {
      const known = Promise.withResolvers<void>();
      this.#link = this.#openLink(controlUrl, known.resolve, away.resolve);
      first.push(Promise.race([known.promise, away.promise]));
    }
    this.#flags = this.#openFlags();
    const isBuiltin = this.#config.flags.provider === 'builtin';
    if (this.#flags)
      first.push(isBuiltin ? Promise.race([this.#flags.first, away.promise]) : this.#flags.first);
    const late = Promise.withResolvers<void>();
    this.#later(late.resolve, FIRST_PICTURE_MS);
    await Promise.race([Promise.all(first), late.promise]);
    if ((this.#link && !this.#stateKnown) || (this.#flags && this.#flagSet === undefined)) {
      this.#logger.warn(
        'flags or owners are not known yet: until they are, the legacy serves what depends on them',
      );
    }
  }

  #openLink(controlUrl: string, known: () => void, away: () => void): ControlLink {
    return new ControlLink({
      controlUrl,
      headers: this.#controlHeaders(),
      proxyId: this.#proxyId,
      onState: ({ slices }) => {
        for (const [name, { epoch }] of Object.entries(slices)) {
          if (epoch !== this.#slices[name]?.epoch) this.#ledger.forgetPositions(name);
        }
        this.#slices = slices;
        this.#stateKnown = true;
        this.#pool?.send({ kind: 'state', slices });
        known();
      },
      onProgress: ({ slices }) => this.#ledger.progress(slices),
      onUp: () => {
        this.#connected = true;
        this.#logger.info('control plane connected');
        this.#ledger.askAgain();
      },
      onDown: (reason) => {
        if (this.#connected) this.#logger.warn({ reason }, 'control plane away, the last snapshot goes on');
        this.#connected = false;
        away();
      },
      facts: () => ({
        workers: this.#pool?.workers.length ?? 0,
        epochs: this.#book.epochs(Object.keys(this.#config.slices)),
      }),
    });
  }

  #openFlags(): FlagsSource | undefined {
    const { controlUrl } = this.#options;
    const control = controlUrl ? { url: controlUrl, headers: this.#controlHeaders() } : undefined;
    return openFlags(this.#config.flags, control, {
      onFlags: (set) => {
        this.#flagSet = set;
        this.#pool?.send({ kind: 'flags', set });
        this.#logger.debug({ flags: set.features.length }, 'flags taken over');
      },
      onProblem: (message) => this.#logger.warn(message),
    });
  }

  #controlHeaders(): Record<string, string> {
    const { controlToken } = this.#options;
    return controlToken ? { authorization: `Bearer ${controlToken}` } : {};
  }

  async #startWorkers(): Promise<void> {
    const listen = splitHostPort(this.#config.proxy.listen);
    for (let attempt = 1; ; attempt += 1) {
      // A port of 0 is settled here: a worker that is replaced has to come back to the very same port. And sharing
      // workers would share a port with a stranger as well, who has to be noticed first.
      this.#listenPort = this.#options.inProcess ? listen.port : await probePort(listen);
      try {
        await this.#listenWithWorkers();
        return;
      } catch (error) {
        const lostRace =
          error instanceof FicusError && error.code === 'FICUS_PORT_TAKEN' && listen.port === 0;
        if (!lostRace || attempt === FREE_PORT_ATTEMPTS) throw error;
        await this.#pool!.drain();
      }
    }
  }

  async #listenWithWorkers(): Promise<void> {
    const listening = Promise.withResolvers<void>();
    const hooks = {
      init: () => this.#workerInit(),
      onMessage: (worker: number, message: WorkerMessage) => this.#take(worker, message, listening),
      onGone: (worker: number, asked: boolean) => this.#gone(worker, asked),
      // Means nothing any more once all of them have listened: then they are replaced for as long as it takes.
      onCannotStart: (detail: string) => listening.reject(new FicusError('FICUS_INTERNAL', detail)),
      logger: this.#logger,
    };
    if (this.#options.inProcess) this.#pool = await serveInProcess(hooks);
    else {
      this.#pool = forkWorkers(this.#workerCount, hooks, () => this.#config.proxy.timeouts);
    }
    await listening.promise;
  }

  #workerInit(): WorkerInit {
    const { controlUrl, logFd, onObservation } = this.#options;
    return {
      config: this.#config,
      generation: this.#generation,
      flags: this.#flagSet,
      slices: this.#slices,
      pins: this.#ledger.list(),
      listen: {
        host: splitHostPort(this.#config.proxy.listen).host,
        port: this.#listenPort,
        sharing: this.#workerCount === 1 ? 'own' : platform() === 'linux' ? 'reuse-port' : 'handed',
      },
      logLevel: this.#logger.level,
      logFd: logFd ?? 1,
      control: controlUrl
        ? { url: controlUrl.replace(/\/$/, ''), headers: this.#controlHeaders() }
        : undefined,
      observationsToPrimary: onObservation !== undefined,
      siblings: this.#workerCount > 1,
    };
  }

  #take(worker: number, message: WorkerMessage, listening: PromiseWithResolvers<void>): void {
    switch (message.kind) {
      case 'listening':
        this.address = `http://${joinHostPort(message.host, message.port)}`;
        this.#book.listens(worker);
        // Whoever listens first would be given all connections that come before the others do.
        if (this.#book.serving >= this.#workerCount) listening.resolve();
        break;
      case 'failed':
        if (this.address === '') listening.reject(fromWorker(message.code, message.message));
        else {
          this.#logger.error({ worker, code: message.code }, message.message);
          this.#pool!.end(worker);
        }
        break;
      case 'ack':
        this.#book.acknowledged(worker, message);
        break;
      case 'pin-begin':
        this.#ledger.begin(worker, message.slice, message.key);
        this.#spread.begin(worker, message);
        break;
      case 'took-pin':
        this.#spread.took(worker, message.from);
        break;
      case 'pin-answered':
        this.#writeOver(worker, message.slice, message.key, message.afterMs);
        break;
      case 'counts':
        this.#book.holdsPins(worker, message.pins);
        if (message.delta) {
          this.#totals.add(message.delta);
          this.#link?.addCounts(message.delta);
        }
        break;
      case 'gauges':
        this.#book.measured(worker, message.values);
        break;
      case 'observation':
        this.#options.onObservation?.observe(message.observation);
        break;
      case 'ready':
      case 'drained':
        break;
    }
  }

  /** A position that is asked for lies behind the write only when the write is over. */
  #writeOver(worker: number, slice: string, key: string, afterMs: number): void {
    const over = (): void => this.#ledger.answered(worker, slice, key);
    if (afterMs === 0) over();
    else this.#later(over, afterMs);
  }

  #gone(worker: number, asked: boolean): void {
    this.#book.gone(worker);
    this.#ledger.workerGone(worker, longestWaitMs(this.#config));
    this.#spread.workerGone(worker);
    if (!asked) this.#totals.increment('ficus_worker_restarts_total');
  }

  #gauges(): Record<string, number> {
    return {
      ficus_config_generation: this.#book.generation,
      ficus_workers: this.#book.serving,
      ficus_pins: this.#book.pins,
      ...this.#book.gauges,
      ...(this.#link ? { ficus_control_connected: this.#connected ? 1 : 0 } : {}),
    };
  }

  #notReady(): string | undefined {
    if (this.#stopping) return 'the proxy is draining';
    if (this.#book.serving === 0) return 'no worker listens';
    if (this.#link && !this.#stateKnown) return 'the control plane has not told who owns the slices';
    if (this.#flags && this.#flagSet === undefined) return 'no flags yet';
    return undefined;
  }

  async #readConfig(): Promise<ParsedConfig> {
    const { reloadConfig, configFile, environment } = this.#options;
    try {
      if (reloadConfig) return await reloadConfig();
      if (configFile !== undefined) return await readConfigFile(configFile, environment ?? process.env);
    } catch (error) {
      if (!(error instanceof FicusError)) throw error;
      return { ok: false, problems: [{ path: [], message: error.message }] };
    }
    return { ok: true, config: this.#config };
  }

  /** The file changed, or somebody sent SIGHUP: what is wrong goes to the log. */
  #reloadUnasked(): void {
    if (this.#stopping) return;
    this.reload().catch((error: unknown) => this.#logger.error({ err: error }, 'reload failed'));
  }

  #refuse(problems: readonly ConfigProblem[]): ReloadResult {
    for (const problem of problems) this.#logger.error({ path: problem.path }, formatProblem(problem));
    this.#logger.error({ problems: problems.length }, 'config refused, the old one goes on');
    return { ok: false, problems };
  }

  #later(action: () => void, ms: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, ms);
    this.#timers.add(timer);
  }
}

function countWorkers({ config, inProcess }: StartProxyOptions): number {
  if (inProcess) return 1;
  const { workers } = config.proxy;
  return workers === 'auto' ? availableParallelism() : workers;
}

/** What a worker that crashed has sent is done by then, or never: mayGoOnMs of whichever upstream waits longest. */
function longestWaitMs({ legacy, slices }: FicusConfig): number {
  const upstreams = [legacy, ...Object.values(slices).map(({ candidate }) => candidate)];
  return Math.max(...upstreams.map(({ timeouts }) => timeouts.firstByteMs));
}

function fromWorker(code: string, message: string): FicusError {
  return new FicusError(code in catalogue ? (code as ErrorCode) : 'FICUS_INTERNAL', message);
}
