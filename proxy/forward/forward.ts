/**
 * Step 5 of the request path, forward, and step 6, respond: one exchange between a client and an upstream.
 * exchange.ts has the steps by these numbers.
 *
 *     client                     proxy                              destination
 *       │                          │ 5.1 builds the request head          │
 *       │                          │ 5.2 takes a connection ────────────▶ │
 *       │ ──── body, trailers ───▶ │ 5.3 sends head and body ───────────▶ │
 *       │ ◀──── 1xx ────────────── │ 6.1 passes interim responses on ◀─── │
 *       │ ◀──── head ───────────── │ 6.2 passes the final head on ◀────── │
 *       │ ◀──── body, trailers ─── │ 6.3 passes the body on ◀──────────── │
 *       │                          │ 6.4 reports the outcome, once        │
 *
 * Contract for the caller (the request path):
 * - Inbound is `node:http`, strict. Register the same handler for `request`, `checkContinue` and
 *   `checkExpectation`: `Expect` is answered by the upstream, never by us. `upgrade` goes to `forwardUpgrade`, and
 *   the server gets `shouldUpgradeCallback: mayUpgrade` (accept/may-upgrade.ts).
 *   Limit heads by bytes and by `rawHeaders.length`, with `server.maxHeadersCount = 0`: Node drops fields past its
 *   count silently. Do not touch the request's stream (`on('data')`, `read`, `resume`) before the outcome.
 *   `response.shouldKeepAlive = false` beforehand makes the response the last of its connection (draining).
 * - `forward` never throws because of a client or an upstream, and calls `call.onOutcome` exactly once, never
 *   before `forward` has returned. No promise, no closure, no timer per request.
 * - The forwarder answers nothing of its own. With an outcome whose `responseStarted` is false, the caller answers
 *   (problem+json) or calls `forward` again, with the same or another upstream:
 *     * always when `mayHaveBeenSent` is false and `bodyTaken` is false;
 *     * when `mayHaveBeenSent` is true only for idempotent methods, and `bodyTaken` must be false;
 *     * never when `side` is `client`.
 *   With `responseStarted` true and `failed`, the client's connection has been destroyed already: a body that was
 *   cut short is never made to look complete.
 * - A pooled connection that proves stale before the first response byte is replaced once, here, for idempotent
 *   requests without a body. Nothing else is retried here.
 * - Stripped from both directions: Connection, the fields it names, Keep-Alive, Proxy-Connection, TE (but for
 *   `trailers`), Upgrade (but for accepted upgrades); Proxy-Authenticate/-Authorization stay with their hop. Framing
 *   is kept as it came: Content-Length stays Content-Length, chunked stays chunked, whatever the method.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { clientSideOf } from '../respond/client-side-of.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { ForwardExchange } from './exchange.ts';
import type { ForwardCall } from './forward-call.ts';
import { UpgradeExchange } from './upgrade-exchange.ts';

/** A running exchange. */
export interface Exchange {
  /** Ends it at once with `cancelled` on the client's side; without effect after the outcome. */
  cancel(): void;
}

/** Forwards one request and its response. */
export function forward(
  upstream: Upstream,
  request: IncomingMessage,
  response: ServerResponse,
  call: ForwardCall,
): Exchange {
  const exchange = new ForwardExchange(upstream, request, clientSideOf(request, response), call);
  exchange.start();
  return exchange;
}

/**
 * Forwards a request with `Upgrade` (WebSocket and others). Any final answer but 101 is passed on as a
 * response and the client's connection is closed after it. With an outcome whose `responseStarted` is false
 * the caller writes the refusal to the socket and ends it.
 * @param head first bytes of the upgraded protocol, when the client sent them along
 */
export function forwardUpgrade(
  upstream: Upstream,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  call: ForwardCall,
): Exchange {
  const exchange = new UpgradeExchange(upstream, request, socket, head, call);
  exchange.start();
  return exchange;
}
