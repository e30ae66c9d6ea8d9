/**
 * The two processes of `ficus up`. The proxy waits only briefly, for the control plane's first report: that it listens,
 * that its database is unreachable, that it failed. From then on the end of one does not end the other. Config and
 * addresses are fixed here, so that a restarted process returns to its address.
 */
import { type ConfigRefusal, controlUrl, type FicusConfig, joinHostPort, splitHostPort } from '@ficus/core';
import { announce, probePort } from '@ficus/proxy';
import type { Logger } from 'pino';
import { withPort } from '../config/asked-proxy.ts';
import type { RunningAddresses } from '../config/running-record.ts';
import { ControlOfUp } from './control-of-up.ts';
import { type FromProcess, stopLimitMs } from './process-messages.ts';
import { SupervisedProcess } from './supervised-process.ts';

interface UpOptions {
  readonly config: FicusConfig;
  /** Called each time that the proxy begins to listen: on a free port, one that is restarted gets another admin address. */
  readonly onProxyListens: (addresses: RunningAddresses) => void;
  readonly logger: Logger;
  /** Resolves when `ficus up` is to stop. */
  readonly stopped: Promise<unknown>;
}

/** Spares users a move to the legacy and back at a restart; a slower control plane does not delay the proxy further. */
const FIRST_WORD_MS = 2_000;

export class UpProcesses {
  readonly #first: FicusConfig;
  readonly #logger: Logger;
  readonly #proxy: SupervisedProcess;
  readonly #control: SupervisedProcess;
  readonly #proxyListens = Promise.withResolvers<void>();
  readonly #firstWord = Promise.withResolvers<void>();
  readonly #firstWordTimer: NodeJS.Timeout;
  readonly #controlOf: ControlOfUp;
  #proxyListen: string;
  readonly #onProxyListens: UpOptions['onProxyListens'];
  #config: FicusConfig;
  #proxyAddress: string | undefined;
  #controlAddress: string | undefined;
  #isReady = false;
  #isStopping = false;
  #refusal: ConfigRefusal | null = null;

  /** @param controlListen HOST:PORT with the port for the control plane */
  constructor({ config, logger, onProxyListens, stopped }: UpOptions, controlListen: string) {
    this.#first = config;
    this.#config = config;
    this.#logger = logger;
    this.#controlOf = new ControlOfUp(config.control, controlListen);
    this.#proxyListen = config.proxy.listen;
    this.#onProxyListens = onProxyListens;
    this.#proxyListens.promise.catch(() => undefined);
    // At once: Ctrl-C reaches both processes as well, and the one that is stopped last may have ended by then.
    void stopped.then(() => {
      this.#isStopping = true;
    });
    const isStopping = () => this.#isStopping;
    this.#firstWordTimer = setTimeout(this.#firstWord.resolve, FIRST_WORD_MS);
    this.#proxy = new SupervisedProcess('proxy', {
      config: () => this.#firstOfProxy(),
      refusal: () => this.#refusal,
      mayBegin: this.#firstWord.promise,
      onMessage: (message) => this.#proxySays(message),
      onFailedStart: this.#proxyListens.reject,
      isStopping,
      stopMs: () => stopLimitMs('proxy', this.#config),
      logger,
    });
    this.#control = new SupervisedProcess('control', {
      config: () => this.#settled(),
      refusal: () => this.#refusal,
      mayBegin: Promise.resolve(),
      onMessage: (message) => this.#controlSays(message),
      onFailedStart: () => this.#firstWord.resolve(),
      isStopping,
      stopMs: () => stopLimitMs('control', this.#config),
      logger,
    });
  }

  /**
   * Resolves when the proxy listens.
   * @throws FicusError when it cannot
   */
  untilListening(): Promise<void> {
    return this.#proxyListens.promise;
  }

  /** @param config valid, and one that a running proxy can apply */
  applyConfig(config: FicusConfig): void {
    this.#config = config;
    this.#sendWritten();
    this.#proxy.send({ kind: 'config', config: this.#settled() });
  }

  /** The file is refused: both processes say so. null when a valid config follows. */
  configRefused(refusal: ConfigRefusal | null): void {
    this.#refusal = refusal;
    this.#control.send({ kind: 'refused', refusal });
    this.#proxy.send({ kind: 'refused', refusal });
  }

  /** The proxy drains while the control plane still answers. @returns whether both ended in order */
  async stop(): Promise<boolean> {
    clearTimeout(this.#firstWordTimer);
    const proxyInOrder = await this.#proxy.stop();
    return (await this.#control.stop()) && proxyInOrder;
  }

  /** Ends both at once. */
  kill(): void {
    this.#proxy.kill();
    this.#control.kill();
  }

  #proxySays(message: FromProcess): void {
    if (message.kind !== 'listening') return;
    this.#proxyAddress = message.address;
    this.#proxyListens.resolve();
    this.#onProxyListens(this.#addressesWith(message.adminAddress));
    this.#announceReady();
  }

  #controlSays(message: FromProcess): void {
    if (message.kind === 'ready') return;
    this.#firstWord.resolve();
    if (message.kind !== 'listening') return;
    this.#controlAddress = message.address;
    this.#announceReady();
    // One that was restarted has begun as the first one did: what the file has changed since still waits.
    if (this.#config !== this.#first) this.#sendWritten();
  }

  #sendWritten(): void {
    const control = this.#controlOf.written(this.#config.control);
    this.#control.send({ kind: 'config', config: { ...this.#settled(), control } });
  }

  #announceReady(): void {
    if (this.#isReady || !this.#proxyAddress || !this.#controlAddress) return;
    this.#isReady = true;
    announce(this.#logger, { address: this.#proxyAddress, controlAddress: this.#controlAddress }, 'ready');
  }

  #addressesWith(adminAddress: string | undefined): RunningAddresses {
    const { control, proxy } = this.#settled();
    return {
      admin: proxy.admin && withPort(proxy.admin, adminAddress),
      controlUrl: control && controlUrl(control),
    };
  }

  /** A restarted proxy takes the port of its predecessor. */
  #firstOfProxy(): FicusConfig {
    this.#proxyListen = withPort(this.#proxyListen, this.#proxyAddress);
    return this.#settled();
  }

  /** The newest config, with the addresses fixed at the start. */
  #settled(): FicusConfig {
    const control = this.#controlOf.settled(this.#config.control);
    return { ...this.#config, proxy: { ...this.#config.proxy, listen: this.#proxyListen }, control };
  }
}

/** Starts both processes; a control plane on port 0 gets a free port here, which it keeps across restarts. */
export async function startProcesses(options: UpOptions, controlListen: string): Promise<UpProcesses> {
  const { host, port } = splitHostPort(controlListen);
  return new UpProcesses(options, joinHostPort(host, port === 0 ? await freePortOr0(host) : port));
}

/** 0 when none is available: then the control plane fails too, and says why; the proxy serves. */
const freePortOr0 = (host: string): Promise<number> =>
  probePort({ host, port: 0 }, 'control.listen').catch(() => 0);
