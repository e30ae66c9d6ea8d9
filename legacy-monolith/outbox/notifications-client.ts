/**
 * The way to the API of notifications, which may be this process or another one: the address is configuration (a proxy in
 * front), and without one it is the shop's own. Nothing here knows who answers. Called by the relay and by the pages.
 */
import type { FastifyRequest } from 'fastify';

interface NotificationsCall {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly json?: unknown;
  /** Ends the call early. */
  readonly signal?: AbortSignal | undefined;
}

interface NotificationsAnswer {
  readonly status: number;
  /** Undefined for anything but JSON. */
  readonly body: unknown;
}

export interface NotificationsClient {
  /** @throws when no complete answer came in time */
  call(call: NotificationsCall): Promise<NotificationsAnswer>;
}

/** Longer than a proxy holds a write while the owner of its tables changes. */
const TIMEOUT_MS = 5000;

/** @param base asked at each call: the shop's own address is known only when it listens */
export function notificationsClient(base: () => string): NotificationsClient {
  return {
    call: async ({ method, path, headers, json, signal }) => {
      const timeout = AbortSignal.timeout(TIMEOUT_MS);
      const response = await fetch(base() + path, {
        method,
        headers: { ...headers, ...(json !== undefined && { 'content-type': 'application/json' }) },
        ...(json !== undefined && { body: JSON.stringify(json) }),
        redirect: 'manual',
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      });
      const text = await response.text();
      const isJson = response.headers.get('content-type')?.includes('json') === true;
      return { status: response.status, body: isJson ? JSON.parse(text) : undefined };
    },
  };
}

/** Headers that make a call one of the request's own customer, and part of its trace. */
export function inTheNameOf(request: FastifyRequest): Record<string, string> {
  const { cookie, traceparent } = request.headers;
  return {
    'x-request-id': request.id,
    ...(cookie !== undefined && { cookie }),
    ...(typeof traceparent === 'string' && { traceparent }),
  };
}
