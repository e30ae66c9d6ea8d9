/**
 * A legacy with sessions, and a candidate that knows its callers only by the proxy's assertion. An answer of the
 * candidate names the user, or says `guest`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Backend } from './rig.ts';

export const IDENTIFY = {
  user: { cookie: 'shop_session', introspect: '/me' },
  assert: { secret: 'what the shop and its services share' },
};

const sessionOf = ({ headers }: IncomingMessage): string =>
  /shop_session=([\w-]*)/.exec(headers.cookie ?? '')?.[1] ?? '';

export interface SessionShop {
  /** Session → user. */
  readonly users: Map<string, string>;
  /** Questions who a session belongs to. */
  questions: number;
  /** Answers a question; replaced to answer late. */
  whoami: (session: string, response: ServerResponse) => void;
  /** Answers whatever is no question; the default answers `legacy`. */
  page: (request: IncomingMessage, response: ServerResponse, session: string) => void;
}

export function makeSessionShop(legacy: Backend, candidate: Backend): SessionShop {
  const users = new Map<string, string>();
  const shop: SessionShop = {
    users,
    questions: 0,
    whoami: (session, response) => {
      const user = users.get(session);
      if (user === undefined) response.writeHead(401).end();
      else response.end(JSON.stringify({ user }));
    },
    page: (_, response) => void response.end('legacy'),
  };
  legacy.handler = (request, response) => {
    const session = sessionOf(request);
    if (request.url !== '/me') return shop.page(request, response, session);
    shop.questions += 1;
    shop.whoami(session, response);
  };
  candidate.handler = (request, response) => {
    const token = request.headers['x-ficus-identity'] as string | undefined;
    const claims = token && (JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as Claims);
    response.end(claims ? claims.sub : 'guest');
  };
  return shop;
}

interface Claims {
  readonly sub: string;
}
