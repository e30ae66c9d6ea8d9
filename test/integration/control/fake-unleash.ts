/** An Unleash server, as far as Ficus uses one: client features, and the admin API of a flag's environment. */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { SubjectStrategy, UnleashSubject } from './unleash-subject.ts';

interface Flag {
  enabled: boolean;
  readonly strategies: (SubjectStrategy & { id: string })[];
}

const CLIENT = 'default:development.client-secret';
const ADMIN = '*:*.admin-secret';

/**
 * @param faultOf the status that a call (`METHOD /api/…`) fails with; `undefined` lets it succeed
 * @param others what stands among the flags of the client API as well
 */
export async function startFakeUnleash(
  faultOf: (call: string) => number | undefined = () => undefined,
  others: readonly unknown[] = [],
): Promise<UnleashSubject> {
  const flags = new Map<string, Flag>();
  const server = createServer((request, response) => {
    const fault = faultOf(`${request.method} ${request.url}`);
    if (fault === undefined) void answer(flags, others, request, response);
    else response.writeHead(fault).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`,
    clientToken: CLIENT,
    adminToken: ADMIN,
    createFlag: async (name, strategies, enabled) => {
      flags.set(name, {
        enabled,
        strategies: strategies.map((strategy, id) => ({ ...strategy, id: `s${id}` })),
      });
    },
    readFlag: async (name) => flags.get(name)!,
    stop: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function answer(
  flags: Map<string, Flag>,
  others: readonly unknown[],
  request: IncomingMessage,
  response: ServerResponse,
) {
  const { method = '', url = '', headers } = request;
  const send = (status: number, body?: unknown) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(body === undefined ? undefined : JSON.stringify(body));
  };
  const wanted = url.startsWith('/api/admin/') ? ADMIN : CLIENT;
  if (headers.authorization !== wanted) return send(headers.authorization === CLIENT ? 403 : 401, {});
  if (url === '/api/client/features') {
    const ours = [...flags].map(([name, flag]) => ({ name, project: 'default', ...flag }));
    return send(200, { version: 2, features: [...others, ...ours] });
  }
  const path = /^\/api\/admin\/projects\/default\/features\/([^/]+)\/environments\/development(.*)$/.exec(
    url,
  );
  const flag = flags.get(path?.[1] ?? '');
  if (!flag) return send(404, {});
  const rest = `${method} ${path?.[2]}`;
  if (rest === 'GET ') return send(200, flag);
  if (rest === 'POST /on' || rest === 'POST /off') {
    flag.enabled = rest === 'POST /on';
    return send(200);
  }
  const strategy = flag.strategies.findIndex(({ id }) => rest === `PATCH /strategies/${id}`);
  if (strategy < 0) return send(404, {});
  const [patch] = (await bodyOf(request)) as [{ op: string; path: string; value: string }];
  if (patch.op !== 'replace' || patch.path !== '/parameters/rollout') return send(400, {});
  const before = flag.strategies[strategy]!;
  flag.strategies[strategy] = { ...before, parameters: { ...before.parameters, rollout: patch.value } };
  return send(200, flag.strategies[strategy]);
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks = await request.toArray();
  return JSON.parse(Buffer.concat(chunks as Buffer[]).toString());
}
