/**
 * The primary holds what exists once (config, flags source, owners, life of the pins, totals, admin address) and passes
 * it to its workers, which hold what a request needs. Which message goes where: docs/architecture/processes.md.
 */
import { randomUUID } from 'node:crypto';
import {
  type ConfigRefusal,
  type ExplainQuestion,
  type FicusConfig,
  type ProxyStatus,
  splitHostPort,
} from '@ficus/core';
import type { Logger } from 'pino';
import type { CertificateKeeper } from '../config-file/certificate-keeper.ts';
import { checkFiles } from '../config-file/config-change.ts';
import { explainMissing } from '../explain/describe-flags.ts';
import type { Explanation } from '../explain/explanation.ts';
import { ownersFile } from '../flags/flags-backup.ts';
import type { HealthChecks } from '../health/health-checks.ts';
import { steadyMs } from '../hold/steady-ms.ts';
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
import { BusyBook } from './busy-book.ts';
import { checkHealth } from './check-health.ts';
import { ConfigHolder } from './config-holder.ts';
import { controlAddress } from './control-address.ts';
import { ControlState } from './control-state.ts';
import { describeProxy, nameOf } from './describe-proxy.ts';
import { drainWorkers } from './drain-workers.ts';
import { ExplainRounds } from './explain-rounds.ts';
import { FlagsHolder } from './flags-holder.ts';
import { HoldKeeper } from './hold-keeper.ts';
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
  readonly #holds: HoldKeeper;
  readonly #workers: Workers;
  readonly #health: HealthChecks;
  readonly #explains: ExplainRounds;
  readonly #totals = new MetricTotals();
  readonly #recent = new RecentTraffic();
  readonly #startedAt = new Date().toISOString();
  readonly #timers = new Timers();
  /** Of this run. */
  readonly #proxyId = randomUUID();
  readonly #flags: FlagsHolder;
  readonly #busy = new BusyBook();
  #control: ControlState | undefined;
  #certificate: CertificateKeeper | undefined;
  #admin: AdminServer | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: StartProxyOptions) {
    this.#options = options;
    this.#logger = options.logger ?? createLogger('info');
    this.#controlAddress = controlAddress(options);
    this.#holder = new ConfigHolder({
      options,
      logger: this.#logger,
      reloadFlags: () => this.#flags.reload(),
      onApplied: (config, generation) => {
        this.#workers.send({ kind: 'config', config, generation });
        this.#health.replace(config);
        if (config.proxy.tls) this.#certificate?.follow(config.proxy.tls);
      },
    });
    this.#flags = new FlagsHolder({
      config: () => this.#config,
      controlUrl: options.controlUrl,
      control: this.#controlAddress,
      logger: this.#logger,
      onSet: (set) => this.#workers.send({ kind: 'flags', set }),
      onRefused: (why) => this.#holder.takeFile('flags.file', why),
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
    this.#holds = new HoldKeeper({
      proxyId: this.#proxyId,
      workers: () => this.#workers.begun,
      states: () => this.#control?.slices ?? {},
      current: () => this.#control?.current === true,
      post: (report, withinMs) => this.#control!.postHolds(report, withinMs),
      send: (message) => this.#workers.send(message),
      now: steadyMs,
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
    this.#holds.stop();
    await this.#flags.stop();
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
    this.#flags.open();
    const late = Promise.withResolvers<void>();
    this.#timers.later(late.resolve, FIRST_PICTURE_MS);
    await Promise.race([
      Promise.all([this.#control?.first, this.#flags.first(this.#control?.away)]),
      late.promise,
    ]);
    if (this.#flags.isMissing) await this.#flags.takeKept();
    if (this.#control?.known === false) await this.#control.takeKept();
    if (this.#control?.known === false || this.#flags.isMissing) {
      this.#logger.warn(
        'flags or owners are not known yet; until then, the legacy serves the requests that depend on them',
      );
    }
  }

  #connect(control: ControlAddress): ControlState {
    return new ControlState({
      control,
      proxyId: this.#proxyId,
      logger: this.#logger,
      ownersFile: ownersFile(this.#config.flags, this.#options.controlUrl),
      facts: () => this.#reportFacts(),
      onReported: (facts) => this.#busy.settle(facts),
      onState: (slices) => {
        this.#workers.send({ kind: 'state', slices });
        this.#holds.stateChanged();
      },
      onEpoch: (slice) => this.#pins.epochChanged(slice),
      onProgress: (slices) => this.#pins.progress(slices),
      onConnected: () => {
        this.#pins.connected();
        this.#holds.connected();
      },
    });
  }

  #reportFacts(): ReportFacts {
    const { ids, book } = this.#workers;
    const slices = Object.keys(this.#config.slices);
    const busy = this.#busy.facts(this.#control!.slices, this.#workers.begun, Date.now());
    return {
      ...{ name: nameOf(this.address), workers: ids.length, epochs: book.epochs(slices) },
      ...countBreakers(book.gauges, slices),
      failingChecks: this.#health.failing(slices),
      configRefused: this.#holder.running.refused,
      ...busy,
      ...(busy.busy && { clockMs: Date.now() }),
    };
  }

  #workerInit(): Omit<WorkerInit, 'listen' | 'siblings'> {
    const { logFd, onObservation } = this.#options;
    return {
      config: this.#config,
      generation: this.#holder.generation,
      proxyId: this.#proxyId,
      flags: this.#flags.set,
      slices: this.#control?.slices ?? {},
      leases: this.#holds.leases,
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
      flagsOf: () => this.#flags.lastKnownOf,
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
      case 'holds':
        this.#holds.take(worker, message);
        break;
      case 'busy':
        this.#busy.take(worker, message);
        break;
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
    const flags = this.#flags.describe();
    const control = this.#control === undefined ? 'none' : this.#control.connected ? 'connected' : 'away';
    return { ...explainMissing(shared, flags), flags, control };
  }

  #gone(worker: number, asked: boolean): void {
    this.#explains.gone(worker);
    const longestWriteMs = mayContinueAnywhereMs(this.#config);
    const open = this.#pins.openOf(worker);
    this.#holds.workerGone(worker, open, longestWriteMs);
    this.#busy.workerGone(worker, open, Date.now(), Date.now() + longestWriteMs);
    this.#pins.workerGone(worker, longestWriteMs);
    if (!asked) this.#totals.increment('ficus_worker_restarts_total');
  }

  #gauges(): Record<string, number> {
    return {
      ficus_config_generation: this.#workers.book.generation,
      ficus_workers: this.#workers.book.serving,
      ficus_pins: this.#workers.book.pins,
      ficus_config_refused: this.#holder.running.refused === null ? 0 : 1,
      ficus_flags_last_known: this.#flags.lastKnownOf === undefined ? 0 : 1,
      ...restingUpstreams(Object.keys(this.#config.slices)),
      ...this.#workers.book.gauges,
      ...this.#health.gauges(),
      ...this.#holds.gauges(),
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
      flagSet: this.#flags.set,
      flagsReceivedAt: this.#flags.receivedAt,
      flagsLastKnown: this.#flags.lastKnownOf !== undefined,
      flagsProblem: this.#flags.problem,
      states: control?.slices ?? {},
      attemptOf: (slice) => this.#holds.describe(slice),
      pins: this.#pins.list(),
      gauges: book.gauges,
      traffic: (slice) => this.#recent.of(slice, Date.now()),
    });
  }

  #notReady(): string | undefined {
    if (this.#stopping) return 'the proxy is draining';
    if (this.#workers.book.serving === 0) return 'no worker listens';
    if (this.#control?.known === false) return 'the control plane has not sent the owners of the slices yet';
    if (this.#flags.isMissing) return 'no flags yet';
    return undefined;
  }

  /** The config file changed, or SIGHUP came: problems go to the log. */
  #reloadOnTrigger(): void {
    if (this.#stopping) return;
    this.reload().catch((error: unknown) => this.#logger.error({ err: error }, 'reload failed'));
  }
}
