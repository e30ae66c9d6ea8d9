/**
 * Which of Node's undocumented parts this Node has, determined once at start (docs/adr/0007). A missing or changed part
 * is not used: the documented way behind the same interface replaces it, slower but correct.
 * `FICUS_NODE_INTERNALS=avoid` forces the documented way for all parts, for tests and for a Node that misbehaves.
 *
 * Read by accept/, respond/ and wire/direct-write.
 */
import { IncomingMessage, ServerResponse } from 'node:http';

interface NodeInternals {
  /** A request without a body can be a plain object: `accept/lean-request`. */
  readonly requests: boolean;
  /** A response's head and state can be set directly: `respond/lean-response` and `server-response-internals`. */
  readonly responses: boolean;
  /** A socket's handle can be written to: `wire/direct-write`. */
  readonly sockets: boolean;
  /** A connection's parser may be started again: `accept/inbound-parser`, which sees on each whether it can be. */
  readonly parsers: boolean;
}

interface ProbedNode {
  /** `IncomingMessage.prototype` */
  readonly request: object;
  /** A response that was not written to. */
  readonly response: object;
  /** Node's own binding for streams, or undefined. */
  readonly streamBinding: unknown;
}

const REQUEST_METHODS = ['_addHeaderLines', '_dumpAndCloseReadable', '_read', 'push'];
const RESPONSE_METHODS = ['_flush', '_writeRaw', 'assignSocket', 'detachSocket'];
const RESPONSE_FIELDS = [
  '_header',
  '_headerSent',
  '_last',
  '_closed',
  '_sent100',
  '_expect_continue',
  'shouldKeepAlive',
  'maxRequestsOnConnectionReached',
  'finished',
  'destroyed',
  'outputData',
  'socket',
];

/** Looks for each part; `avoid` finds none. */
export function findInternals(node: ProbedNode, avoid: boolean): NodeInternals {
  return {
    requests: !avoid && hasLeanRequests(node.request),
    responses: !avoid && hasOpenResponses(node.response),
    sockets: !avoid && hasStreamBinding(node.streamBinding),
    parsers: !avoid,
  };
}

function hasLeanRequests(prototype: object): boolean {
  const headers = Object.getOwnPropertyDescriptor(prototype, 'headers');
  return headers?.get !== undefined && headers.set !== undefined && hasMethods(prototype, REQUEST_METHODS);
}

function hasOpenResponses(response: object): boolean {
  return hasMethods(response, RESPONSE_METHODS) && RESPONSE_FIELDS.every((name) => name in response);
}

function hasStreamBinding(binding: unknown): boolean {
  const { WriteWrap, streamBaseState, kLastWriteWasAsync } = (binding ?? {}) as Record<string, unknown>;
  return typeof WriteWrap === 'function' && streamBaseState !== undefined && kLastWriteWasAsync !== undefined;
}

export function hasMethods(object: object, names: readonly string[]): boolean {
  return names.every((name) => typeof (object as Record<string, unknown>)[name] === 'function');
}

function openStreamBinding(): unknown {
  try {
    const { binding } = process as unknown as { binding?: (name: string) => unknown };
    return binding?.call(process, 'stream_wrap');
  } catch {
    return undefined;
  }
}

/** This Node, for the probe and for tests. */
export const thisNode: ProbedNode = {
  request: IncomingMessage.prototype,
  response: new ServerResponse(Object.create(IncomingMessage.prototype) as IncomingMessage),
  streamBinding: openStreamBinding(),
};

export const nodeInternals: NodeInternals = findInternals(
  thisNode,
  process.env.FICUS_NODE_INTERNALS === 'avoid',
);
