/**
 * The admin address of a proxy: /healthz (the process is alive), /readyz (it serves, with flags and owners known),
 * /metrics, /status (for `ficus status`), the key set of assertions, and /explain. Who may ask what is in admin-access.ts:
 * what /readyz says, everybody may know who reaches it, so it names no file and no line of a config.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type CheckedUpstreamStatus,
  type ConfigRefusal,
  describeSince,
  type ErrorCode,
  joinHostPort,
  listenFailure,
  PROXY_STATUS_PATH,
  type ProxyStatus,
  type RunningConfigView,
} from '@ficus/core';
import { KEY_SET_PATH, type KeySet } from '../keys/published-keys.ts';
import { type AccessParts, AdminAccess } from './admin-access.ts';
import { answerExplain, EXPLAIN_PATH, type ExplainFacts, refuse } from './explain-endpoint.ts';

interface AdminFacts extends AccessParts, ExplainFacts {
  readonly logger: AccessParts['logger'] & ExplainFacts['logger'];
  /** Undefined when ready, else why not. */
  notReady(): string | undefined;
  running(): RunningConfigView;
  /** When the flags in use were received, if their source has not answered since this proxy started. */
  flagsOf(): string | undefined;
  /** Those that have health checks. */
  upstreams(): readonly CheckedUpstreamStatus[];
  status(): ProxyStatus;
  /** Of `proxy.tls`. */
  certificate(): { readonly age: { readonly until: Date }; readonly refused: string | undefined } | undefined;
  metrics(): string;
  /** The public keys of assertions, for candidates that are asked through this proxy. */
  keySet(): KeySet;
}

export interface AdminServer {
  readonly address: string;
  stop(): Promise<void>;
}

/** @throws FicusError FICUS_PORT_TAKEN */
export async function startAdminServer(host: string, port: number, facts: AdminFacts): Promise<AdminServer> {
  const access = new AdminAccess(facts);
  const server = createServer((request, response) => {
    const path = request.url!.split('?', 1)[0];
    if (path === EXPLAIN_PATH) void answerExplain(request, response, access, facts);
    else if (path === '/healthz') answer(200, 'application/json', '{"status":"ok"}\n');
    else if (path === '/readyz') void answerTo(() => access.requireNoForeignPage(request), answerReady);
    else if (path === PROXY_STATUS_PATH)
      void answerTo(() => access.requireStatusReader(request), answerStatus);
    else if (path === '/metrics') void answerTo(() => access.requireScraper(request), answerMetrics);
    else if (path === KEY_SET_PATH)
      answer(200, 'application/jwk-set+json', `${JSON.stringify(facts.keySet())}\n`);
    else answer(404, 'application/problem+json', '{"type":"about:blank","title":"Not Found","status":404}\n');

    async function answerTo(check: () => void | Promise<void>, send: () => void): Promise<void> {
      try {
        await check();
        send();
      } catch (error) {
        refuse(response, error, 'The request cannot be answered.', facts.logger);
      }
    }
    function answerStatus(): void {
      answer(200, 'application/json', `${JSON.stringify(facts.status())}\n`);
    }
    function answerMetrics(): void {
      answer(200, 'text/plain; version=0.0.4', facts.metrics());
    }
    function answerReady(): void {
      const reason = facts.notReady();
      const upstreams = facts.upstreams();
      const { refused } = facts.running();
      const body = JSON.stringify({
        ...(reason === undefined ? { status: 'ready' } : { status: 'not ready', reason }),
        // With an older config it is ready all the same: no balancer should take it out.
        config: refused === null ? undefined : describeConfig(refused),
        flagsOf: facts.flagsOf(),
        ...(upstreams.length > 0 ? { upstreams } : {}),
        certificate: describeCertificate(facts.certificate()),
      });
      answer(reason === undefined ? 200 : 503, 'application/json', `${body}\n`);
    }
    function answer(status: number, type: string, body: string): void {
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
      response.end(request.method === 'HEAD' ? undefined : body);
    }
  });
  await listen(server, host, port);
  const { address, port: actual } = server.address() as AddressInfo;
  return {
    address: `http://${joinHostPort(address, actual)}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Which problems those are, the log says, and `ficus status`. */
const UNUSABLE: ErrorCode = 'FICUS_CONFIG_INVALID';

const describeConfig = (refused: ConfigRefusal): string =>
  refused.needsRestart ? describeSince(refused) : `${describeSince(refused)}: ${UNUSABLE}`;

/** One that was refused does no harm while the old one is valid: it does not count as not ready. */
function describeCertificate(certificate: ReturnType<AdminFacts['certificate']>) {
  return certificate && { until: certificate.age.until, refused: certificate.refused && UNUSABLE };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(listenFailure(host, port, 'proxy.admin', cause));
    });
    server.listen(port, host, resolve);
  });
}
