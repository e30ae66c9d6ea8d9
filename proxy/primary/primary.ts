/**
 * The primary holds what exists once (config, flags source, owners, life of the pins, totals, admin address) and passes
 * it to its workers, which hold what a request needs. Which message goes where: docs/architecture/processes.md.
 */
import { randomUUID } from 'node:crypto';
import {
  type ClientFeatures,
  type ConfigRefusal,
  type ExplainQuestion,
  type FicusConfig,
  type ProxyStatus,
  splitHostPort,
} from '@ficus/core';
import type { Logger } from 'pino';
import type { CertificateKeeper } from '../config-file/certificate-keeper.ts';
import { checkFiles } from '../config-file/config-change.ts';
import { describeFlags, explainMissing } from '../explain/describe-flags.ts';
import type { Explanation } from '../explain/explanation.ts';
import { completeFeatures } from '../flags/feature-set.ts';
import { type FlagsBackup, openFlagsBackup } from '../flags/flags-backup.ts';
import type { FlagsSource } from '../flags/flags-source.ts';
import { openFlags } from '../flags/open-flags.ts';
import type { HealthChecks } from '../health/health-checks.ts';
import { publishedKeys } from '../keys/published-keys.ts';
import type { ReportFacts } from '../link/control-link.ts';
import { announce } from '../observe/announce.ts';
import { createLogger } from '../observe/create-logger.ts';
import { warnOfFewFiles } from '../observe/file-limit.ts';
import { logWarnings } from '../observe/log-warnings.ts';
import { MetricTotals } from '../observe/metrics-text.ts';
import { processMetricsText } from '../observe/process-metrics.ts';
import { RecentTraffic } from '../observe/recent-traffic.ts';
import { VERSION } from '../observe/version.ts';
import { mayContinueAnywhereMs } from '../request/may-continue.ts';
import type { ReloadResult, RunningProxy, StartProxyOptions } from '../running-proxy.ts';
import { countBreakers, restingUpstreams } from '../snapshot/upstream-gauges.ts';
import type { ControlAddress, WorkerInit } from '../worker/worker-messages.ts';
import { type AdminServer, startAdminServer } from './admin-server.ts';
import { checkHealth } from './check-health.ts';
import { ConfigHolder } from './config-holder.ts';
import { controlAddress } from './control-address.ts';
import { ControlState } from './control-state.ts';
import { describeProxy, nameOf } from './describe-proxy.ts';
import { drainWorkers } from './drain-workers.ts';
import { ExplainRounds } from './explain-rounds.ts';
import { logFlagChanges } from './flag-changes.ts';
import { keepCertificate } from './keep-certificate.ts';
import { PinKeeper } from './pin-keeper.ts';
import { Timers } from './timers.ts';
import { type PassedMessage, Workers } from './workers.ts';

/** Longest wait for flags and owners before serving without them. */
const FIRST_PICTURE_MS = 5_000;

export class Primary implements RunningProxy {
  adminAddress: string | undefined = undefined;

  readonly #options: StartProxyOptions;
  readonly #logger: Logger;
  readonly #controlAddress: ControlAddress | undefined;
  readonly #holder: ConfigHolder;
  readonly #pins: PinKeeper;
  readonly #workers: Workers;
  readonly #health: HealthChecks;
  readonly #explains: ExplainRounds;
  readonly #totals = new MetricTotals();
  readonly #recent = new RecentTraffic();
  readonly #startedAt = new Date().toISOString();
  readonly #timers = new Timers();
  #flagSet: ClientFeatures | undefined;
  #flagsReceivedAt: string | null = null;
  /** When the flags were received, while they are those of an earlier run. */
  #flagsOf: string | undefined;
  #flags: FlagsSource | undefined;
  readonly #backup: FlagsBackup | undefined;
  #control: ControlState | undefined;
  #certificate: CertificateKeeper | undefined;
  #admin: AdminServer | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: StartProxyOptions) {
    this.#options = options;
    this.#logger = options.logger ?? createLogger('info');
    this.#controlAddress = controlAddress(options);
    this.#backup = openFlagsBackup(options.config.flags, options.controlUrl, (message) =>
      this.#logger.warn(message),
    );
    this.#holder = new ConfigHolder({
      options,
      logger: this.#logger,
      reloadFlags: () => this.#flags?.reload(),
      onApplied: (config, generation) => {
        this.#workers.send({ kind: 'config', config, generation });
        this.#health.replace(config);
        if (config.proxy.tls) this.#certificate?.follow(config.proxy.tls);
      },
    });
    this.#pins = new PinKeeper({
      askPositions: this.#controlAddress
        ? (slices, writes) => this.#control!.askPositions(slices, writes)
        : undefined,
      // A starting worker takes as long as the machine needs, and gets all pins when it begins.
      workers: () => this.#workers.begun,
      send: (message, only) => this.#workers.send(message, only),
      later: this.#timers.later,
    });
    this.#health = checkHealth(this.#logger, this.#totals, () => this.#workers);
    this.#explains = new ExplainRounds({
      send: (message, only) => this.#workers.send(message, only),
      later: this.#timers.later,
    });
    this.#workers = new Workers({
      options,
      logger: this.#logger,
      config: () => this.#config,
      init: () => this.#workerInit(),
      onMessage: (worker, message) => this.#take(worker, message),
      onGone: (worker, asked) => this.#gone(worker, asked),
    });
  }

  get address(): string {
    return this.#workers.address;
  }

  async start(): Promise<void> {
    checkFiles(this.#config);
    this.#certificate = keepCertificate(this.#config, this.#logger, this.#workers, this.#holder);
    await this.#openSources();
    await this.#workers.start();
    this.#health.replace(this.#config);
    announce(this.#logger, { address: this.address, workers: this.#workers.ids.length }, 'listening');
    logWarnings(this.#config, this.#logger);
    warnOfFewFiles(this.#logger, this.#config.proxy.limits.connections);
    await this.#startAdmin();
    this.#options.reloads?.begin(() => this.#reloadOnTrigger());
  }

  async reload(): Promise<ReloadResult> {
    const result = await this.#holder.reload();
    // The config may be the same, and its files others.
    this.#certificate?.reload();
    return result;
  }

  configRefused(refusal: ConfigRefusal | null): void {
    this.#holder.takeRefusal(refusal);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#options.reloads?.stopWatching();
    this.#health.stop();
    this.#certificate?.stop();
    await drainWorkers(this.#workers, this.#config.proxy.timeouts.drainMs, this.#logger);
    this.#flags?.stop();
    await this.#backup?.settled();
    await this.#control?.stop();
    await this.#admin?.stop();
    this.#timers.clear();
  }

  get #config(): FicusConfig {
    return this.#holder.config;
  }

  /**
   * Waits for the first flags and owners, but only briefly, and not at all for an unreachable control plane: opening
   * the port matters more. Flags that are not known by then are those of an earlier run.
   */
  async #openSources(): Promise<void> {
    if (this.#controlAddress) this.#control = this.#connect(this.#controlAddress);
    this.#flags = this.#openFlags();
    const late = Promise.withResolvers<void>();
    this.#timers.later(late.resolve, FIRST_PICTURE_MS);
    await Promise.race([Promise.all([this.#control?.first, this.#firstFlags()]), late.promise]);
    if (this.#flags && this.#flagSet === undefined) await this.#takeKeptFlags();
    if (this.#control?.known === false || (this.#flags && this.#flagSet === undefined)) {
      this.#logger.warn(
        'flags or owners are not known yet; until then, the legacy serves the requests that depend on them',
      );
    }
  }

  /** Built-in flags come from the control plane: an unreachable one has none. */
  #firstFlags(): Promise<void> | undefined {
    const isBuiltin = this.#config.flags.provider === 'builtin';
    const away = isBuiltin ? this.#control?.away : undefined;
    return away && this.#flags ? Promise.race([this.#flags.first, away]) : this.#flags?.first;
  }

  #connect(control: ControlAddress): ControlState {
    return new ControlState({
      control,
      proxyId: randomUUID(),
      logger: this.#logger,
      facts: () => this.#reportFacts(),
      onState: (slices) => this.#workers.send({ kind: 'state', slices }),
      onEpoch: (slice) => this.#pins.epochChanged(slice),
      onProgress: (slices) => this.#pins.progress(slices),
      onConnected: () => this.#pins.connected(),
    });
  }

  #reportFacts(): ReportFacts {
    const { ids, book } = this.#workers;
    const slices = Object.keys(this.#config.slices);
    return {
      ...{ name: nameOf(this.address), workers: ids.length, epochs: book.epochs(slices) },
      ...countBreakers(book.gauges, slices),
      failingChecks: this.#health.failing(slices),
      configRefused: this.#holder.running.refused,
    };
  }

  #openFlags(): FlagsSource | undefined {
    return openFlags(this.#config.flags, this.#controlAddress, {
      onFlags: (read) => {
        const set = completeFeatures(read);
        const before = this.#flagSet;
        this.#flagSet = set;
        this.#flagsReceivedAt = new Date().toISOString();
        this.#flagsOf = undefined;
        this.#workers.send({ kind: 'flags', set });
        this.#backup?.keep(set, new Date());
        this.#logger.debug({ flags: set.features.length }, 'flags applied');
        logFlagChanges(this.#config, before, set, this.#logger);
      },
      onProblem: (message) => this.#logger.warn(message),
      onRefused: (why) => this.#holder.takeFile('flags.file', why),
    });
  }

  async #takeKeptFlags(): Promise<void> {
    const kept = await this.#backup?.last();
    if (kept === undefined || this.#flagSet !== undefined) return;
    this.#flagSet = completeFeatures(kept.set);
    this.#flagsOf = kept.receivedAt;
    this.#flagsReceivedAt = kept.receivedAt;
    this.#logger.warn(
      { flagsOf: kept.receivedAt },
      'flags cannot be read from their source: the last known ones are used until it answers',
    );
  }

  #workerInit(): Omit<WorkerInit, 'listen' | 'siblings'> {
    const { logFd, onObservation } = this.#options;
    return {
      config: this.#config,
      generation: this.#holder.generation,
      flags: this.#flagSet,
      slices: this.#control?.slices ?? {},
      pins: this.#pins.list(),
      health: this.#health.verdicts,
      certificate: this.#certificate?.pems,
      logLevel: this.#logger.level,
      logFd: logFd ?? 1,
      control: this.#controlAddress,
      observationsToPrimary: onObservation !== undefined,
    };
  }

  async #startAdmin(): Promise<void> {
    const { admin } = this.#config.proxy;
    if (admin === undefined) return;
    const { host, port } = splitHostPort(admin);
    this.#admin = await startAdminServer(host, port, {
      notReady: () => this.#notReady(),
      running: () => this.#holder.running,
      flagsOf: () => this.#flagsOf,
      upstreams: () => this.#health.reports,
      certificate: () => this.#certificate,
      keySet: () => publishedKeys(this.#config),
      status: () => this.#status(),
      control: () => this.#config.control,
      logger: this.#logger,
      count: (series) => this.#totals.increment(series),
      explain: (question) => this.#explain(question),
      metrics: () => this.#totals.text(this.#gauges()) + processMetricsText('ficus-proxy'),
    });
    this.adminAddress = this.#admin.address;
    this.#logger.info({ address: this.adminAddress }, 'admin listening');
  }

  #take(worker: number, message: PassedMessage): void {
    switch (message.kind) {
      case 'pin-begin':
      case 'took-pin':
      case 'pin-answered':
        this.#pins.take(worker, message);
        break;
      case 'forget-sessions':
        for (const other of this.#workers.begun) if (other !== worker) this.#workers.send(message, other);
        break;
      case 'explained':
        this.#explains.take(worker, message.ask, message.explanation);
        break;
      case 'counts':
        this.#workers.book.holdsPins(worker, message.pins);
        if (message.delta === undefined) break;
        this.#totals.add(message.delta);
        this.#recent.add(message.delta.traffic, Date.now());
        this.#control?.addCounts(message.delta);
        break;
      case 'observation':
        this.#options.onObservation?.observe(message.observation);
        break;
    }
  }

  /** @throws FicusError FICUS_PROXY_OVERLOADED, FICUS_PROXY_UNREACHABLE (no worker answers) */
  async #explain(question: ExplainQuestion): Promise<Explanation> {
    const shared = await this.#explains.ask(this.#workers.begun, question);
    const flags = describeFlags({
      provider: this.#config.flags.provider,
      hasSource: this.#flags !== undefined,
      isKnown: this.#flagSet !== undefined,
      lastKnownOf: this.#flagsOf,
      receivedAt: this.#flagsReceivedAt ?? undefined,
      problem: this.#flags?.problem,
    });
    const control = this.#control === undefined ? 'none' : this.#control.connected ? 'connected' : 'away';
    return { ...explainMissing(shared, flags), flags, control };
  }

  #gone(worker: number, asked: boolean): void {
    this.#explains.gone(worker);
    this.#pins.workerGone(worker, mayContinueAnywhereMs(this.#config));
    if (!asked) this.#totals.increment('ficus_worker_restarts_total');
  }

  #gauges(): Record<string, number> {
    return {
      ficus_config_generation: this.#workers.book.generation,
      ficus_workers: this.#workers.book.serving,
      ficus_pins: this.#workers.book.pins,
      ficus_config_refused: this.#holder.running.refused === null ? 0 : 1,
      ficus_flags_last_known: this.#flagsOf === undefined ? 0 : 1,
      ...restingUpstreams(Object.keys(this.#config.slices)),
      ...this.#workers.book.gauges,
      ...this.#health.gauges(),
      ...this.#certificate?.gauges('proxy'),
      ...(this.#control ? { ficus_control_connected: this.#control.connected ? 1 : 0 } : {}),
    };
  }

  #status(): ProxyStatus {
    const { book } = this.#workers;
    const control = this.#control;
    return describeProxy({
      version: VERSION,
      startedAt: this.#startedAt,
      address: this.address,
      config: { ...this.#holder.running, generation: this.#holder.generation },
      workers: { serving: book.serving, wanted: this.#workers.wanted, generation: book.generation },
      control: control
        ? { url: this.#controlAddress!.url, connected: control.connected, known: control.known }
        : null,
      upstreams: this.#health.reports,
      running: this.#config,
      flagSet: this.#flagSet,
      flagsReceivedAt: this.#flagsReceivedAt,
      flagsLastKnown: this.#flagsOf !== undefined,
      flagsProblem: this.#flags?.problem,
      states: control?.slices ?? {},
      pins: this.#pins.list(),
      gauges: book.gauges,
      traffic: (slice) => this.#recent.of(slice, Date.now()),
    });
  }

  #notReady(): string | undefined {
    if (this.#stopping) return 'the proxy is draining';
    if (this.#workers.book.serving === 0) return 'no worker listens';
    if (this.#control?.known === false) return 'the control plane has not sent the owners of the slices yet';
    if (this.#flags && this.#flagSet === undefined) return 'no flags yet';
    return undefined;
  }

  /** The config file changed, or SIGHUP came: problems go to the log. */
  #reloadOnTrigger(): void {
    if (this.#stopping) return;
    this.reload().catch((error: unknown) => this.#logger.error({ err: error }, 'reload failed'));
  }
}
