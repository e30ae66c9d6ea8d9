/**
 * TLS of the control plane's listener: its certificate, which is renewed while it runs, and the clients whose handshake
 * fails. The name in a client's certificate is for the audit; what a caller may do, its token says.
 */
import type { Server } from 'node:https';
import { TLSSocket, type TlsOptions } from 'node:tls';
import type { ControlConfig, RefusalReason } from '@ficus/core';
import { CertificateKeeper, Handshakes, listenerOptions } from '@ficus/proxy';
import type { FastifyRequest } from 'fastify';
import type { Logger } from 'pino';

const HANDSHAKE_MS = 10_000;
const REFUSED = 'ficus_control_handshakes_refused_total';

export class SecureListener {
  readonly #certificate: CertificateKeeper;
  readonly #handshakes = new Handshakes();
  readonly #refused = new Map<RefusalReason, number>();
  readonly #logger: Logger;
  readonly options: TlsOptions;
  #server: Server | undefined;

  /**
   * @param onRefused changed files cannot be used; undefined: they can again
   * @throws FicusError FICUS_PEM_UNREADABLE, FICUS_TLS_INVALID
   */
  constructor(
    tls: NonNullable<ControlConfig['tls']>,
    logger: Logger,
    onRefused: (why: string | undefined) => void,
  ) {
    this.#logger = logger;
    this.#certificate = new CertificateKeeper({
      area: 'control.tls',
      tls,
      logger,
      onRefused,
      onChanged: (pems) => this.#server?.setSecureContext(listenerOptions(tls, pems)),
    });
    this.options = { ...listenerOptions(tls, this.#certificate.pems), handshakeTimeout: HANDSHAKE_MS };
  }

  watch(server: Server): void {
    this.#server = server;
    this.#handshakes.watch(server, (reason, _status, detail) => this.#count(reason, detail));
  }

  /** Reads the files again. */
  reload(): void {
    this.#certificate.reload();
  }

  /** Prometheus text. */
  metrics(): string {
    const refused = [...this.#refused].map(([reason, count]) => `${REFUSED}{reason="${reason}"} ${count}`);
    const gauges = Object.entries(this.#certificate.gauges('control')).flatMap(([series, value]) => [
      `# TYPE ${series.replace(/\{.*$/, '')} gauge`,
      `${series} ${value}`,
    ]);
    return [...gauges, `# TYPE ${REFUSED} counter`, ...refused, ''].join('\n');
  }

  /** No handshake may keep the server from closing. */
  stop(): void {
    this.#certificate.stop();
    this.#handshakes.cut();
  }

  #count(reason: RefusalReason, detail: object | null): void {
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1);
    if (detail) this.#logger.warn({ reason, ...detail }, 'connection refused');
  }
}

/** The common name in the caller's certificate, if an authority of `control.tls.ca` has signed it. */
export function certificateNameOf({ socket }: Pick<FastifyRequest, 'socket'>): string | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const { subject } = socket.getPeerCertificate();
  const name: unknown = subject?.CN;
  return typeof name === 'string' ? name : undefined;
}
