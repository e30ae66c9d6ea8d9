/**
 * The workers from the primary's view: started on a settled port, restarted by their pool, known through their reports
 * (the book). Reports on requests, pins and counts are passed to the primary.
 */
import { availableParallelism, platform } from 'node:os';
import { type FicusConfig, FicusError, joinHostPort, readErrorCode, splitHostPort } from '@ficus/core';
import type { Logger } from 'pino';
import type { StartProxyOptions } from '../running-proxy.ts';
import type { PrimaryMessage, WorkerInit, WorkerMessage } from '../worker/worker-messages.ts';
import { onSettledPort } from './on-settled-port.ts';
import { type DrainEnd, WorkerBook } from './worker-book.ts';
import { forkWorkers, serveInProcess, type WorkerPool, type WorkerPoolHooks } from './worker-pool.ts';

/** Reports for the primary; all others concern the workers themselves. */
export type PassedMessage = Extract<
  WorkerMessage,
  {
    kind:
      | 'holds'
      | 'busy'
      | 'pin-begin'
      | 'took-pin'
      | 'pin-answered'
      | 'forget-sessions'
      | 'counts'
      | 'observation'
      | 'explained';
  }
>;

interface WorkersParts {
  readonly options: Pick<StartProxyOptions, 'config' | 'inProcess' | 'stopping'>;
  readonly logger: Logger;
  readonly config: () => FicusConfig;
  /** A worker's initial state, created when it starts. */
  readonly init: () => Omit<WorkerInit, 'listen' | 'siblings'>;
  readonly onMessage: (worker: number, message: PassedMessage) => void;
  readonly onGone: (worker: number, asked: boolean) => void;
}

export class Workers {
  readonly book = new WorkerBook();
  /** Of the proxy; empty until a worker listens. */
  address = '';

  readonly #parts: WorkersParts;
  readonly #count: number;
  #port = 0;
  #pool: WorkerPool | undefined;
  #listening = Promise.withResolvers<void>();

  constructor(parts: WorkersParts) {
    this.#parts = parts;
    this.#count = countWorkers(parts.options);
  }

  /**
   * Resolves when all listen. @throws FicusError FICUS_PORT_TAKEN, FICUS_INTERNAL (workers that cannot start)
   */
  async start(): Promise<void> {
    const listen = splitHostPort(this.#parts.config().proxy.listen);
    if (this.#parts.options.inProcess) {
      this.#port = listen.port;
      this.#pool = await serveInProcess(this.#hooks());
      await this.#listening.promise;
    } else {
      const fork = (port: number): Promise<void> => this.#fork(port);
      await onSettledPort(listen, fork, async () => void (await this.drain()));
    }
  }

  /** How many there are when all run. */
  get wanted(): number {
    return this.#count;
  }

  get ids(): readonly number[] {
    return this.#pool?.workers ?? [];
  }

  /** Workers that have their initial state. */
  get begun(): readonly number[] {
    return this.#pool?.begun ?? [];
  }

  /** To all, or to one; messages sent before they start are part of their initial state. */
  send(message: PrimaryMessage, only?: number): void {
    this.#pool?.send(message, only);
  }

  async drain(): Promise<DrainEnd> {
    this.book.drainBegins();
    await this.#pool?.drain();
    return this.book.drainEnd;
  }

  #fork(port: number): Promise<void> {
    this.#port = port;
    this.#listening = Promise.withResolvers<void>();
    this.#pool = forkWorkers(this.#count, this.#hooks(), () => this.#parts.config().proxy.timeouts);
    return this.#listening.promise;
  }

  #hooks(): WorkerPoolHooks {
    return {
      init: () => ({ ...this.#parts.init(), ...this.#place() }),
      onMessage: (worker, message) => this.#take(worker, message),
      onGone: (worker, asked) => {
        this.book.gone(worker);
        this.#parts.onGone(worker, asked);
      },
      // Without effect once all workers have listened: from then on they are restarted indefinitely.
      onCannotStart: (detail) => this.#listening.reject(new FicusError('FICUS_INTERNAL', detail)),
      isStopping: () => this.#parts.options.stopping?.aborted === true,
      logger: this.#parts.logger,
    };
  }

  #place(): Pick<WorkerInit, 'listen' | 'siblings'> {
    const { host } = splitHostPort(this.#parts.config().proxy.listen);
    const alone = this.#count === 1;
    const sharing = alone ? 'own' : platform() === 'linux' ? 'reuse-port' : 'handed';
    return { listen: { host, port: this.#port, sharing }, siblings: !alone };
  }

  get #scheme(): 'http' | 'https' {
    return this.#parts.config().proxy.tls ? 'https' : 'http';
  }

  #take(worker: number, message: WorkerMessage): void {
    switch (message.kind) {
      case 'listening':
        this.address = `${this.#scheme}://${joinHostPort(message.host, message.port)}`;
        this.book.listens(worker);
        // The first to listen would get all connections that arrive before the others listen.
        if (this.book.serving >= this.#count) this.#listening.resolve();
        break;
      case 'failed':
        this.#failed(worker, message.code, message.message);
        break;
      case 'ack':
        this.book.acknowledged(worker, message);
        break;
      case 'gauges':
        this.book.measured(worker, message.values);
        break;
      case 'drained':
        this.book.drained(worker, message.cut);
        break;
      case 'ready':
      case 'listener-closed':
        break;
      default:
        this.#parts.onMessage(worker, message);
    }
  }

  #failed(worker: number, code: string, detail: string): void {
    if (this.address === '') {
      this.#listening.reject(new FicusError(readErrorCode(code), detail));
      return;
    }
    this.#parts.logger.error({ worker, code }, detail);
    this.#pool!.end(worker);
  }
}

function countWorkers({ config, inProcess }: WorkersParts['options']): number {
  if (inProcess) return 1;
  const { workers } = config.proxy;
  return workers === 'auto' ? availableParallelism() : workers;
}
