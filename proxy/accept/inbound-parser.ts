/**
 * Node's parser of an inbound connection, started with two of llhttp's leniencies that RFC 9112 asks for: any minor
 * version of HTTP/1 (section 2.5), and space behind a chunk's size (section 7.1.1). Node offers them only together with
 * those that allow smuggling (`insecureHTTPParser`), so the parser is started again, as Node does when it uses one for
 * another connection. A Node without the methods used here reads strictly (docs/adr/0007).
 *
 * It also tells whether bytes that the parser has refused are the beginning of a request.
 */
import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { hasMethods, nodeInternals } from '../wire/node-internals.ts';

interface InboundParser {
  /** Undefined or null while the parser belongs to no connection. */
  readonly socket?: ParsedSocket | null;
  /** The last request whose head was read, until its body has ended and it is answered. */
  readonly incoming?: object | null;
  remove(): void;
  initialize(type: number, resource: object, maxHeaderSize: number, lenient: number, list: unknown): void;
  /** The number of bytes read, or llhttp's error. */
  execute(bytes: Buffer): number | NodeJS.ErrnoException;
  readonly constructor: {
    readonly REQUEST?: unknown;
    readonly kOnMessageBegin?: unknown;
    readonly kLenientVersion?: unknown;
    readonly kLenientSpacesAfterChunkSize?: unknown;
  };
}

type ParsedSocket = Duplex & {
  readonly parser?: InboundParser | null;
  readonly bytesRead?: number;
  /** What `readOf` was when the last request began; -1 where the one before it was in progress then. */
  begunIn?: number | undefined;
};

const METHODS = ['remove', 'initialize', 'execute'];
/** Node's list of connections whose heads and requests have deadlines. */
const CONNECTIONS = 'Symbol(http.server.connections)';

/** Begins a new request on the connection; undefined when this Node's parser cannot be started again. */
export function startParser(server: Server, socket: Duplex): InboundParser | undefined {
  const { parser } = socket as ParsedSocket;
  if (!nodeInternals.parsers || !parser || !hasMethods(parser, METHODS)) return undefined;
  const list = connectionsOf(server);
  const { REQUEST, kOnMessageBegin, kLenientVersion, kLenientSpacesAfterChunkSize } = parser.constructor;
  if (list === undefined || typeof REQUEST !== 'number') return undefined;
  const lenient = Number(kLenientVersion ?? 0) | Number(kLenientSpacesAfterChunkSize ?? 0);
  const { maxHeaderSize = 0 } = server as Server & { readonly maxHeaderSize?: number };
  parser.remove();
  parser.initialize(REQUEST, { type: 'HTTPINCOMINGMESSAGE', socket }, maxHeaderSize, lenient, list);
  // Node removes it before it uses the parser for another connection.
  if (typeof kOnMessageBegin === 'number')
    (parser as unknown as Record<number, unknown>)[kOnMessageBegin] = noteBegin;
  return parser;
}

/**
 * Whether the request that the parser is reading began in the current read, when the one before it was complete and
 * answered. Nothing of an earlier read belongs to it then, and where no LF of this read was parsed yet, nothing of this
 * read belongs to another one: a head and a chunked body end in LF, and the end of any other body is reported
 * (`incoming`) only after the read that brings it.
 */
export function beganInThisRead(socket: ParsedSocket): boolean {
  return socket.begunIn !== undefined && socket.begunIn === readOf(socket);
}

/** Called by the parser with the first byte of each request. */
function noteBegin(this: InboundParser): void {
  const { socket, incoming } = this;
  if (socket) socket.begunIn = incoming ? -1 : readOf(socket);
}

/** Tells one read of a connection from any other: the bytes up to its end, without those that wait in the stream. */
function readOf(socket: ParsedSocket): number | undefined {
  return socket.bytesRead === undefined ? undefined : socket.bytesRead - socket.readableLength;
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
