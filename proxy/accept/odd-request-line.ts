/**
 * Request lines that llhttp refuses though servers accept them: bytes beyond ASCII in the target, and methods that Node
 * does not know. A monolith that has such clients must not lose them.
 *
 * When llhttp fails in the first line of a request, the line is written again in terms that it knows, and llhttp reads
 * the whole request again: fields, framing and limits are checked as always. The request then gets back its own method
 * and target, so that they are matched and forwarded as they came. Other requests do not pass here.
 *
 * Only where the failed read certainly begins with the request: otherwise the end of a body would be served as a request. A
 * line that is cut by the network before its odd byte, or sent before the previous request is complete and answered, is
 * refused as before.
 */
import { type IncomingMessage, METHODS, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { beganInThisRead, startParser } from './inbound-parser.ts';

interface OddLine {
  readonly method: string;
  readonly target: string;
  /** The line as llhttp reads it. */
  readonly plain: string;
}

type OddSocket = Duplex & {
  readonly _httpMessage?: unknown;
  /** Begin of a request whose line is not complete yet. */
  oddBytes?: Buffer | undefined;
  /** The line of the request that llhttp reads again. */
  oddLine?: OddLine | undefined;
};

type ParseError = NodeJS.ErrnoException & { readonly rawPacket?: Buffer; readonly bytesParsed?: number };

const REPARABLE = new Set(['HPE_INVALID_METHOD', 'HPE_INVALID_URL']);
/** Lower case is refused: some servers take `post` for POST. */
const LINE = /^([A-Z][A-Z0-9_-]{0,31}) ([\x21-\x7e\x80-\xff]+) (HTTP\/1\.\d)\r\n$/;
/** Any method without a meaning for framing stands for one that Node does not know. */
const STAND_IN = 'POST';
const NEWLINE = 10;

/**
 * Takes over a request that llhttp has refused.
 * @returns false when it stays refused
 */
export function takeOddLine(
  server: Server,
  socket: OddSocket,
  error: ParseError,
  mostBytes: number,
): boolean {
  const { oddBytes: begun, oddLine } = socket;
  socket.oddBytes = undefined;
  const bytes = error.rawPacket;
  if (!REPARABLE.has(error.code ?? '') || oddLine || socket._httpMessage || !bytes?.length) return false;
  if (begun === undefined && !beginsRequest(socket, bytes, error)) return false;
  const all = begun === undefined ? bytes : Buffer.concat([begun, bytes]);
  const lineEnd = all.indexOf(NEWLINE) + 1;
  if (lineEnd === 0) {
    if (all.length > mostBytes) return false;
    socket.oddBytes = all;
    return true;
  }
  const line = readLine(all.toString('latin1', 0, lineEnd));
  if (line === undefined || startParser(server, socket) === undefined) return false;
  socket.oddLine = line;
  const plain = Buffer.concat([Buffer.from(line.plain, 'latin1'), all.subarray(lineEnd)]);
  // Not before Node has finished with the failed read.
  process.nextTick(() => !socket.destroyed && socket.emit('data', plain));
  return true;
}

/** Gives the request that was read again its own method and target. */
export function restoreOddLine(request: IncomingMessage): void {
  const socket: OddSocket = request.socket;
  const { oddLine } = socket;
  if (oddLine === undefined) return;
  socket.oddLine = undefined;
  request.method = oddLine.method;
  request.url = oddLine.target;
}

/** Whether the failed read begins with a request. It must be certain: all of the read is parsed again as one. */
function beginsRequest(
  socket: OddSocket,
  bytes: Buffer,
  { bytesParsed = bytes.length }: ParseError,
): boolean {
  const lineFeed = bytes.indexOf(NEWLINE);
  return (lineFeed < 0 || bytesParsed < lineFeed) && beganInThisRead(socket);
}

function readLine(text: string): OddLine | undefined {
  const parts = LINE.exec(text);
  if (parts === null) return undefined;
  const [, method, target, version] = parts as unknown as [string, string, string, string];
  const known = METHODS.includes(method) ? method : STAND_IN;
  const escaped = target.replace(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16)}`);
  const plain = `${known} ${escaped} ${version}\r\n`;
  return plain === text ? undefined : { method, target, plain };
}
