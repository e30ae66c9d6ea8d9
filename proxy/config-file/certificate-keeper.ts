/**
 * The certificate of a listener while it runs: read again when one of its files changes, and with every reload. What cannot
 * be used is refused, and the last usable one stays: said in the log, and in `refused` for as long as it holds. Held by the
 * proxy's primary and by the control plane.
 */
import { FicusError, type ListenerTlsConfig } from '@ficus/core';
import type { Logger } from 'pino';
import { type CertificateAge, describeAge, evaluateAge } from '../keys/certificate-age.ts';
import { type ListenerPems, readCertificates, readListenerPems } from '../keys/listener-tls.ts';
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

export class CertificateKeeper {
  /** Why the files are not in use as they are; undefined while they are. */
  refused: string | undefined = undefined;

  readonly #parts: CertificateKeeperParts;
  #tls: ListenerTlsConfig;
  #pems: ListenerPems;
  #watchers: PathWatcher[] = [];
  readonly #timer: NodeJS.Timeout;

  /** @throws FicusError FICUS_PEM_UNREADABLE, FICUS_TLS_INVALID: without a certificate nothing may listen */
  constructor(parts: CertificateKeeperParts) {
    this.#parts = parts;
    this.#tls = parts.tls;
    this.#pems = readListenerPems(parts.tls, parts.area);
    this.#watch();
    this.#sayAge();
    this.#timer = setInterval(() => this.#sayAge(), AGE_EACH_MS);
    this.#timer.unref();
  }

  get pems(): ListenerPems {
    return this.#pems;
  }

  get age(): CertificateAge {
    return ageOf(this.#pems);
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
    const { area, logger, onChanged } = this.#parts;
    const before = this.refused;
    try {
      const pems = readListenerPems(this.#tls, area);
      this.refused = undefined;
      if (JSON.stringify(pems) === JSON.stringify(this.#pems)) return;
      requireValid(pems, `${area}.cert: ${this.#tls.cert}`);
      this.#pems = pems;
      onChanged(pems);
      logger.info({ area, until: this.age.until }, 'certificate applied');
      this.#sayAge();
    } catch (error) {
      if (!(error instanceof FicusError)) throw error;
      this.refused = error.message;
      logger.error(
        { area, code: error.code, reason: error.message },
        'certificate refused: the old one stays',
      );
    } finally {
      if (this.refused !== before) this.#parts.onRefused(this.refused);
    }
  }

  stop(): void {
    clearInterval(this.#timer);
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
    const age = this.age;
    const words = describeAge(age);
    if (words === undefined) return;
    const level = age.kind === 'expires-soon' ? 'warn' : 'error';
    logger[level]({ area, until: age.until }, `the certificate of ${area} ${words}`);
  }
}

const ageOf = ({ cert }: ListenerPems): CertificateAge =>
  evaluateAge(readCertificates(cert, 'cert'), Date.now());

/** While it runs, a certificate that no client accepts must not replace one that they do. */
function requireValid(pems: ListenerPems, where: string): void {
  const age = ageOf(pems);
  if (age.kind === 'expired' || age.kind === 'not-yet')
    throw new FicusError('FICUS_TLS_INVALID', `${where} ${describeAge(age)}.`);
}
