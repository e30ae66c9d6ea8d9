/**
 * The certificate of a listener while it runs: read again when one of its files changes, and with every reload. What cannot
 * be used is refused, and the last usable one stays: said in the log, and in `refused` for as long as it holds. Held by the
 * proxy's primary and by the control plane.
 */
import { FicusError, type ListenerTlsConfig } from '@ficus/core';
import type { Logger } from 'pino';
import { readCertificates } from '../files/pem-files.ts';
import {
  type CertificateAge,
  describeAge,
  evaluateAge,
  evaluateChain,
  isUsable,
} from '../keys/certificate-age.ts';
import { arePemsEqual, type ListenerPems, readListenerPems, withTicketKeys } from '../keys/listener-tls.ts';
import { type PathWatcher, watchPath } from './watch-path.ts';

interface CertificateKeeperParts {
  /** Config key, `proxy.tls`. */
  readonly area: string;
  readonly tls: ListenerTlsConfig;
  readonly logger: Logger;
  readonly onChanged: (pems: ListenerPems) => void;
  /** `refused` was set, or cleared. */
  readonly onRefused: (refused: string | undefined) => void;
}

/** Certificate and key are written one after the other. */
const QUIET_MS = 150;
const AGE_EACH_MS = 6 * 3_600_000;
/** While files are refused: what was wrong may pass without a change of theirs. */
const AGAIN_EACH_MS = 5 * 60_000;
/** Certificates and clients count seconds: a moment at which both may differ. */
const CLOCK_MS = 1_000;

export class CertificateKeeper {
  /** Why the files are not in use as they are; undefined while they are. */
  refused: string | undefined = undefined;

  readonly #parts: CertificateKeeperParts;
  #tls: ListenerTlsConfig;
  #pems: ListenerPems;
  #watchers: PathWatcher[] = [];
  readonly #timer: NodeJS.Timeout;
  #again: NodeJS.Timeout | undefined;
  #againInMs = AGAIN_EACH_MS;

  /** @throws FicusError FICUS_PEM_UNREADABLE, FICUS_TLS_INVALID: without a certificate nothing may listen */
  constructor(parts: CertificateKeeperParts) {
    this.#parts = parts;
    this.#tls = parts.tls;
    this.#pems = withTicketKeys(readListenerPems(parts.tls, parts.area));
    this.#watch();
    this.#sayAge();
    this.#timer = setInterval(() => this.#sayAge(), AGE_EACH_MS);
    this.#timer.unref();
  }

  get pems(): ListenerPems {
    return this.#pems;
  }

  /** Of the whole chain. */
  get age(): CertificateAge {
    return evaluateAge(certificatesOf(this.#pems), Date.now());
  }

  /** Reads the files that a config names, which may be others. */
  follow(tls: ListenerTlsConfig): void {
    const isMoved = tls.cert !== this.#tls.cert || tls.key !== this.#tls.key || tls.ca !== this.#tls.ca;
    this.#tls = tls;
    if (isMoved) this.#watch();
    this.reload();
  }

  /** Reads the files again. */
  reload(): void {
    const before = this.refused;
    clearTimeout(this.#again);
    this.#againInMs = AGAIN_EACH_MS;
    this.refused = this.#problemOf(() => this.#take(readListenerPems(this.#tls, this.#parts.area)), before);
    if (this.refused !== before) this.#parts.onRefused(this.refused);
  }

  #take(pems: ListenerPems): void {
    const { area, logger, onChanged } = this.#parts;
    if (arePemsEqual(pems, this.#pems)) return;
    this.#requireValid(pems);
    this.#pems = withTicketKeys(pems);
    onChanged(this.#pems);
    logger.info({ area, until: this.age.until }, 'certificate applied');
    this.#sayAge();
  }

  /** @param before the problem of the last attempt: the same one again is not worth a line */
  #problemOf(attempt: () => void, before: string | undefined): string | undefined {
    try {
      attempt();
      return undefined;
    } catch (error) {
      if (!(error instanceof FicusError)) throw error;
      const { code, message: reason } = error;
      const { area, logger } = this.#parts;
      if (reason !== before) logger.error({ area, code, reason }, 'certificate refused: the old one stays');
      this.#again = setTimeout(() => this.reload(), this.#againInMs).unref();
      return reason;
    }
  }

  stop(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#again);
    for (const watcher of this.#watchers) watcher.stop();
  }

  /** Current values, by series of Prometheus. */
  gauges(listener: string): Record<string, number> {
    return {
      [`ficus_tls_certificate_expiration_timestamp_seconds{listener="${listener}"}`]:
        this.age.until.getTime() / 1000,
      [`ficus_tls_certificate_refused{listener="${listener}"}`]: this.refused === undefined ? 0 : 1,
    };
  }

  #watch(): void {
    for (const watcher of this.#watchers) watcher.stop();
    const { cert, key, ca } = this.#tls;
    const paths = new Set([cert, key, ...(ca === undefined ? [] : [ca])]);
    this.#watchers = [...paths].map((path) => watchPath(path, () => this.reload(), QUIET_MS));
  }

  #sayAge(): void {
    const { area, logger } = this.#parts;
    const { own, links } = evaluateChain(certificatesOf(this.#pems), Date.now());
    const [words, linkWords] = [describeAge(own), describeAge(links)];
    if (words !== undefined)
      logger[isUsable(own) ? 'warn' : 'error'](
        { area, until: own.until },
        `the certificate of ${area} ${words}`,
      );
    if (linkWords !== undefined)
      logger.warn(
        { area, until: links.until },
        `a certificate behind that of ${area} ${linkWords}: renew it, or take it out where no client needs it`,
      );
  }

  /** While it runs, a certificate that no client accepts must not replace one that they do. */
  #requireValid(pems: ListenerPems): void {
    const { own } = evaluateChain(certificatesOf(pems), Date.now());
    if (isUsable(own)) return;
    const message = `${this.#parts.area}.cert: ${this.#tls.cert} ${describeAge(own)}.`;
    if (own.kind === 'not-yet')
      this.#againInMs = Math.min(AGAIN_EACH_MS, own.from.getTime() - Date.now() + CLOCK_MS);
    throw new FicusError('FICUS_TLS_INVALID', message);
  }
}

const certificatesOf = ({ cert }: ListenerPems) => readCertificates(cert, 'cert');
