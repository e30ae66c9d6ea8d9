/**
 * Node's parser of an inbound connection, started with two of llhttp's leniencies that RFC 9112 asks for: any minor
 * version of HTTP/1 (section 2.5), and space behind a chunk's size (section 7.1.1). Node offers them only together with
 * those that allow smuggling (`insecureHTTPParser`), so the parser is started again, as Node does when it uses one for
 * another connection. A Node without the methods used here reads strictly (docs/adr/0007).
 */
import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { hasMethods, nodeInternals } from '../wire/node-internals.ts';

interface InboundParser {
  remove(): void;
  initialize(type: number, resource: object, maxHeaderSize: number, lenient: number, list: unknown): void;
  /** The number of bytes read, or llhttp's error. */
  execute(bytes: Buffer): number | NodeJS.ErrnoException;
  readonly constructor: {
    readonly REQUEST?: unknown;
    readonly kLenientVersion?: unknown;
    readonly kLenientSpacesAfterChunkSize?: unknown;
  };
}

type ParsedSocket = Duplex & { readonly parser?: InboundParser | null };

const METHODS = ['remove', 'initialize', 'execute'];
/** Node's list of connections whose heads and requests have deadlines. */
const CONNECTIONS = 'Symbol(http.server.connections)';

/** Begins a new request on the connection; undefined when this Node's parser cannot be started again. */
export function startParser(server: Server, socket: Duplex): InboundParser | undefined {
  const { parser } = socket as ParsedSocket;
  if (!nodeInternals.parsers || !parser || !hasMethods(parser, METHODS)) return undefined;
  const list = connectionsOf(server);
  const { REQUEST, kLenientVersion, kLenientSpacesAfterChunkSize } = parser.constructor;
  if (list === undefined || typeof REQUEST !== 'number') return undefined;
  const lenient = Number(kLenientVersion ?? 0) | Number(kLenientSpacesAfterChunkSize ?? 0);
  const { maxHeaderSize = 0 } = server as Server & { readonly maxHeaderSize?: number };
  parser.remove();
  parser.initialize(REQUEST, { type: 'HTTPINCOMINGMESSAGE', socket }, maxHeaderSize, lenient, list);
  return parser;
}

const lists = new WeakMap<Server, unknown>();

function connectionsOf(server: Server): unknown {
  const known = lists.get(server);
  if (known !== undefined) return known;
  const symbol = Object.getOwnPropertySymbols(server).find((name) => String(name) === CONNECTIONS);
  const list = symbol && (server as unknown as Record<symbol, unknown>)[symbol];
  if (list !== undefined) lists.set(server, list);
  return list;
}
