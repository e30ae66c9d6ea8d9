/**
 * Who may call. With tokens: their holders, each within the roles of the token. Without any, the control plane listens
 * only on loopback, and neither a foreign page in a browser on the same machine nor the clients of a reverse proxy there
 * may reach it: requests that name a foreign host (DNS rebinding), come from a foreign page or through another proxy are
 * refused.
 */
import { type ControlConfig, type ControlRole, FicusError, isLoopback } from '@ficus/core';
import { DASHBOARD_FILES } from '@ficus/dashboard';
import { KEY_SET_PATH, RefusalPace, signOfProxy } from '@ficus/proxy';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { AccessTokens, type Caller, LOCAL_PROGRAM } from './access-tokens.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a token needs for this route; admin by default. */
    readonly role?: ControlRole;
  }
  interface FastifyRequest {
    caller: Caller;
  }
}

/** Probes, the page itself, the API's description and public keys contain no data. */
const OPEN = new Set([
  '/healthz',
  '/readyz',
  '/openapi.json',
  KEY_SET_PATH,
  ...DASHBOARD_FILES.map(({ path }) => path),
]);

/** Whether a path answers without the token. */
export const isOpen = (path: string): boolean => OPEN.has(path);

export class Access {
  readonly #pace = new RefusalPace();
  readonly #logger: Logger;
  #tokens: AccessTokens;

  constructor(control: Pick<ControlConfig, 'token' | 'tokens'>, logger: Logger) {
    this.#tokens = new AccessTokens(control);
    this.#logger = logger;
  }

  /**
   * Tokens may be replaced while it runs. Returns false, without effect, where there were none or would be none: proxies
   * and listener would have to begin again.
   */
  replaceTokens(control: Pick<ControlConfig, 'token' | 'tokens'>): boolean {
    const next = new AccessTokens(control, this.#tokens);
    if (next.none || this.#tokens.none) return next.none === this.#tokens.none;
    this.#tokens = next;
    return true;
  }

  /** Whether a caller who was let in would still be: a response without end outlives a change of tokens. */
  accepts(caller: Caller): boolean {
    return this.#tokens.none || this.#tokens.accepts(caller);
  }

  guard(app: FastifyInstance): void {
    app.decorateRequest('caller', null as unknown as Caller);
    app.addHook('onRequest', async (request) => {
      request.caller = this.#tokens.none ? this.#requireLocal(request) : await this.#requireToken(request);
    });
  }

  /** @throws FicusError FICUS_CONTROL_FOREIGN_ORIGIN */
  #requireLocal(request: FastifyRequest): Caller {
    const refusal = refusalWithoutTokens(request);
    if (refusal === undefined) return LOCAL_PROGRAM;
    this.#log(request, 'not-local');
    throw new FicusError('FICUS_CONTROL_FOREIGN_ORIGIN', refusal);
  }

  async #requireToken(request: FastifyRequest): Promise<Caller> {
    const { url, config } = request.routeOptions;
    const path = pathOf(request);
    const hasToken = request.headers.authorization !== undefined;
    // Readiness says more to a token that may read.
    if (isOpen(path) && !(path === '/readyz' && hasToken)) return NOBODY;
    const { role = 'admin' } = config;
    // Unleash's clients send the bare token, all others `Bearer TOKEN`.
    const given = request.headers.authorization?.replace(/^Bearer\s+/i, '');
    if (given === undefined)
      throw new FicusError('FICUS_CONTROL_TOKEN_MISSING', 'The request has no Authorization header.');
    const caller = this.#tokens.find(given);
    // Asked first: behind one address (NAT, a load balancer) a wrong token must not lock out the right ones.
    if (caller === undefined) throw await this.#refuseToken(request);
    // An unknown path has no role: any holder of a token may learn that there is nothing.
    if (url === undefined || isOpen(path) || caller.may(role)) return caller;
    this.#log(request, 'role-missing', caller.owner);
    throw roleMissing(caller, role);
  }

  async #refuseToken(request: FastifyRequest): Promise<FicusError> {
    const { ip } = request;
    this.#log(request, 'token-unknown');
    if (this.#pace.isFull(ip))
      return new FicusError('FICUS_CONTROL_TOO_MANY_REFUSALS', `Too many wrong tokens came from ${ip}.`);
    await this.#pace.wait(ip);
    return new FicusError('FICUS_CONTROL_FORBIDDEN', 'The control plane does not know this token.');
  }

  /** Ever more rarely for each address, and never with a token. */
  #log(
    request: FastifyRequest,
    reason: 'token-unknown' | 'role-missing' | 'not-local',
    owner?: string,
  ): void {
    const peer = request.ip;
    const count = this.#pace.count(peer, reason);
    if (!Number.isInteger(Math.log10(count))) return;
    const endpoint = `${request.method} ${request.routeOptions.url ?? '(unknown path)'}`;
    this.#logger.warn({ endpoint, peer, reason, owner, count }, 'request refused');
  }
}

/** Open paths show nothing that depends on the caller. */
const NOBODY: Caller = { owner: undefined, may: () => false };

/** @throws FicusError FICUS_CONTROL_ROLE_MISSING */
export function requireRole(caller: Caller, role: ControlRole, what: string): void {
  if (!caller.may(role)) throw roleMissing(caller, role, what);
}

function roleMissing({ owner }: Caller, role: ControlRole, what = 'This'): FicusError {
  return new FicusError(
    'FICUS_CONTROL_ROLE_MISSING',
    `${what} needs the role ${role}, which the token “${owner}” does not have.`,
  );
}

const pathOf = (request: FastifyRequest): string => request.url.split('?', 1)[0] ?? '';

/** Why a request may be somebody else's than a program's of this machine; undefined when it is not. */
function refusalWithoutTokens(request: FastifyRequest): string | undefined {
  const proxied = signOfProxy(request.raw);
  if (proxied !== undefined)
    return `Without tokens the control plane answers no request that comes through another proxy (${proxied}): it could be anybody’s.`;
  const { host = '', origin } = request.headers;
  const loopback = isLoopback(hostOf(`http://${host}`) ?? '');
  // A page from another port of this machine is a foreign page too.
  const own = origin === undefined || origin === `${request.protocol}://${host}`;
  if (loopback && own && !isPartOfForeignPage(request)) return undefined;
  return 'Without a token only pages and programs of this machine may call.';
}

/** Browsers send no Origin for an image or a script, but they say where it is used. A link to the dashboard may be anywhere. */
function isPartOfForeignPage({ headers }: FastifyRequest): boolean {
  const { 'sec-fetch-site': site = 'none', 'sec-fetch-mode': mode } = headers;
  return site !== 'none' && site !== 'same-origin' && mode !== 'navigate';
}

function hostOf(url: string): string | undefined {
  try {
    return new URL(url).hostname;
  } catch {
    return undefined;
  }
}
