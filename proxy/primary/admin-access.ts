/**
 * Who may ask what at the admin address, which most of its callers reach without a token:
 *
 * - `/explain` answers for any user: a token with the role `read`, or, where the config has none, a program of this machine;
 * - `/status` shows routes and problems of the config: no page in a browser, and no name that could be another site's,
 *   rebound to this machine (DNS rebinding); where the config has tokens, other machines need one;
 * - `/readyz` and `/metrics` are for probes and scrapers, which call by any name: pages of other sites are refused.
 *
 * What another proxy forwards comes from anywhere, also where that proxy is on this machine: it needs a token, except for
 * `/readyz`, which balancers ask.
 * Refusals are counted, and logged ever more rarely for each address, as the control plane's are; never with a token.
 * Those of wrong tokens are paced like its own.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { bareHost, type ControlConfig, FicusError, hasRole, isLoopback } from '@ficus/core';
import type { Logger } from 'pino';
import { peerAddress } from '../accept/client-address.ts';
import { isForwarded, isForwardedForClient } from './is-forwarded.ts';
import { RefusalPace } from './refusal-pace.ts';

/** Label `reason` of `ficus_admin_refused_total`, and field `reason` of the log. */
type Refused =
  | 'token-unknown'
  | 'role-missing'
  | 'not-local'
  | 'token-missing'
  | 'foreign-page'
  | 'foreign-name'
  | 'forwarded';

export interface AccessParts {
  control(): Pick<ControlConfig, 'token' | 'tokens'> | undefined;
  readonly logger: Pick<Logger, 'warn'>;
  /** Adds to a plain counter. */
  readonly count: (series: string) => void;
}

export class AdminAccess {
  readonly #parts: AccessParts;
  readonly #pace = new RefusalPace();

  constructor(parts: AccessParts) {
    this.#parts = parts;
  }

  /**
   * @throws FicusError FICUS_CONTROL_TOKEN_MISSING, FICUS_CONTROL_ROLE_MISSING, FICUS_CONTROL_TOO_MANY_REFUSALS,
   * FICUS_PROXY_NOT_EXPLAINED
   */
  async requireReader(request: IncomingMessage): Promise<void> {
    if (this.#hasTokens) await this.#requireToken(request);
    else if (!isLocalProgram(request)) {
      this.#note(request, 'not-local');
      throw new FicusError(
        'FICUS_PROXY_NOT_EXPLAINED',
        'Without a token of the control plane only programs of this machine may ask, and not through another proxy.',
      );
    }
  }

  /** With a token, any name and any machine will do. @throws FicusError as the others */
  async requireStatusReader(request: IncomingMessage): Promise<void> {
    this.requireNoForeignPage(request);
    const isDirect = isAddress(nameIn(request)) && !isForwarded(request);
    const isNear = !this.#hasTokens || isLoopback(peerAddress(request.socket));
    if (isDirect && isNear) return;
    if (this.#hasTokens && (isDirect || request.headers.authorization !== undefined)) {
      await this.#requireToken(request);
      return;
    }
    this.#note(request, 'foreign-name');
    throw new FicusError(
      'FICUS_PROXY_FOREIGN_ORIGIN',
      'Without a token /status answers to an address and to localhost, not to other names and not through another proxy.',
    );
  }

  /** Any name and any machine will do, but no proxy that asks for its clients. @throws FicusError as the others */
  async requireScraper(request: IncomingMessage): Promise<void> {
    this.requireNoForeignPage(request);
    if (!isForwardedForClient(request)) return;
    if (this.#hasTokens && request.headers.authorization !== undefined) {
      await this.#requireToken(request);
      return;
    }
    this.#note(request, 'forwarded');
    throw new FicusError(
      'FICUS_PROXY_FOREIGN_ORIGIN',
      'Without a token /metrics does not answer through another proxy.',
    );
  }

  /** @throws FicusError FICUS_PROXY_FOREIGN_ORIGIN */
  requireNoForeignPage(request: IncomingMessage): void {
    if (!isOfForeignPage(request)) return;
    this.#note(request, 'foreign-page');
    throw new FicusError(
      'FICUS_PROXY_FOREIGN_ORIGIN',
      'The request was made by a page of another site in a browser.',
    );
  }

  get #hasTokens(): boolean {
    const { token, tokens = [] } = this.#parts.control() ?? {};
    return token !== undefined || tokens.length > 0;
  }

  async #requireToken(request: IncomingMessage): Promise<void> {
    const given = request.headers.authorization?.replace(/^Bearer\s+/i, '');
    if (given === undefined) {
      this.#note(request, 'token-missing');
      throw new FicusError('FICUS_CONTROL_TOKEN_MISSING', 'The request has no Authorization header.');
    }
    const { token, tokens = [] } = this.#parts.control() ?? {};
    const known = [{ token: token ?? '', roles: ['admin' as const] }, ...tokens].filter(
      (one) => one.token !== '' && isSame(one.token, given),
    );
    if (known.length === 0) {
      this.#note(request, 'token-unknown');
      throw await this.#refuseToken(peerAddress(request.socket));
    }
    if (known.some(({ roles }) => hasRole(roles, 'read'))) return;
    this.#note(request, 'role-missing');
    throw new FicusError('FICUS_CONTROL_ROLE_MISSING', 'This needs a token with the role read.');
  }

  async #refuseToken(peer: string): Promise<FicusError> {
    if (this.#pace.isFull(peer))
      return new FicusError('FICUS_CONTROL_TOO_MANY_REFUSALS', `Too many wrong tokens came from ${peer}.`);
    await this.#pace.wait(peer);
    return new FicusError('FICUS_PROXY_NOT_EXPLAINED', 'The proxy does not know this token.');
  }

  #note({ method, url, socket }: IncomingMessage, reason: Refused): void {
    const { logger, count } = this.#parts;
    count(`ficus_admin_refused_total{reason="${reason}"}`);
    const peer = peerAddress(socket);
    const times = this.#pace.count(peer, reason);
    if (!Number.isInteger(Math.log10(times))) return;
    const endpoint = `${method} ${url?.split('?', 1)[0]}`;
    logger.warn({ endpoint, peer, reason, count: times }, 'admin request refused');
  }
}

/** A page in a browser sends an Origin, or says that it is one; a name that is not loopback may have been rebound. */
function isLocalProgram(request: IncomingMessage): boolean {
  const { origin, 'sec-fetch-site': site } = request.headers;
  const isOfPage = origin !== undefined || site !== undefined;
  const isOfMachine = isLoopback(nameIn(request)) && isLoopback(peerAddress(request.socket));
  return isOfMachine && !isOfPage && !isForwarded(request);
}

/** This address serves no page, so that its own origin asks for nothing either. */
function isOfForeignPage({ headers }: IncomingMessage): boolean {
  const { host, origin, 'sec-fetch-site': site } = headers;
  if (site === 'cross-site' || site === 'same-site') return true;
  return origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== host);
}

const nameIn = ({ headers: { host = '' } }: IncomingMessage): string =>
  /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/.exec(host)?.[1] ?? '';

/** Names are resolved, by a server that may be an attacker's; addresses are not. */
const isAddress = (name: string): boolean => isLoopback(name) || isIP(bareHost(name)) !== 0;

const isSame = (a: string, b: string): boolean => timingSafeEqual(digestOf(a), digestOf(b));

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();
