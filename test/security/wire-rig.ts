/**
 * The whole proxy between a raw client and a raw upstream. The upstream reads requests with the reference reader and
 * answers each by a script, so that the test chooses and sees every byte on both sides.
 */
import type { Socket } from 'node:net';
import {
  type RawClient,
  type RawUpstream,
  rawClient,
  startRawUpstream,
} from '../integration/forward/forwarder-rig.ts';
import { type Rig, type RigOptions, startRig } from '../integration/proxy/rig.ts';
import { type ReadRequest, readRequest, readResponse } from './reference-reader.ts';

/** Answers a whole request: bytes to send, or whatever it does with the socket itself. */
type Script = (request: ReadRequest, socket: Socket) => string | undefined;

interface ScriptedUpstream extends RawUpstream {
  /** Whole requests, in the order in which they were complete. */
  readonly requests: ReadRequest[];
  /** What was not a request. */
  readonly nonsense: string[];
  script: Script;
}

/** `200 OK` with a body and a Content-Length. */
export function ok(body: string, fields = ''): string {
  return `HTTP/1.1 200 OK\r\nDate: D\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`;
}

/** Answers `NAME METHOD TARGET` until it is given another script. */
async function startScripted(name = 'legacy'): Promise<ScriptedUpstream> {
  const requests: ReadRequest[] = [];
  const nonsense: string[] = [];
  const unread = new WeakMap<Socket, string>();
  const upstream = await startRawUpstream((socket, _all, _index, piece) => {
    unread.set(socket, (unread.get(socket) ?? '') + piece);
    for (;;) {
      const rest = unread.get(socket)!;
      const reading = readRequest(rest);
      if (reading.kind === 'refused') nonsense.push(`${reading.why}: ${rest}`);
      if (reading.kind !== 'complete') return;
      const { message } = reading;
      unread.set(socket, rest.slice(message.raw.length));
      requests.push(message);
      const answer = scripted.script(message, socket);
      if (answer !== undefined) socket.write(Buffer.from(answer, 'latin1'));
    }
  });
  const scripted: ScriptedUpstream = {
    ...upstream,
    requests,
    nonsense,
    script: ({ line }) => ok(`${name} ${line.slice(0, line.lastIndexOf(' '))}`),
  };
  return scripted;
}

export interface WireRig {
  readonly rig: Rig;
  readonly port: number;
  readonly legacy: ScriptedUpstream;
  readonly candidate: ScriptedUpstream;
  /** A client that has sent these bytes. */
  client(bytes: string): Promise<RawClient>;
  /**
   * Sends bytes, returns everything that comes back until the proxy closes, or until one response to `method` is
   * complete.
   */
  answer(bytes: string, method?: string): Promise<string>;
  /** Sends bytes, returns everything that comes back until the proxy closes the connection. */
  untilClosed(bytes: string): Promise<string>;
  /** Forgets what the upstreams have seen. */
  forget(): void;
  close(): Promise<void>;
}

/** @param basePath of the legacy's URL */
export async function startWireRig(options: RigOptions = {}, basePath = ''): Promise<WireRig> {
  const [legacy, candidate] = [await startScripted('legacy'), await startScripted('candidate')];
  const rig = await startRig({
    ...options,
    legacy: { ...options.legacy, url: `${legacy.url}${basePath}` },
    candidate: { ...options.candidate, url: candidate.url },
  });
  const port = Number(new URL(rig.url).port);
  const clients: RawClient[] = [];
  const client = async (bytes: string): Promise<RawClient> => {
    const made = await rawClient(port, bytes);
    clients.push(made);
    return made;
  };
  return {
    rig,
    port,
    legacy,
    candidate,
    client,
    answer: async (bytes, method = bytes.slice(0, bytes.indexOf(' '))) => {
      const made = await client(bytes);
      await made.until((text) => made.ended || readResponse(text, method, false).kind === 'complete');
      made.close();
      return made.text;
    },
    untilClosed: async (bytes) => {
      const made = await client(bytes);
      const text = await made.untilEnd();
      made.close();
      return text;
    },
    forget: () => {
      for (const { requests, nonsense } of [legacy, candidate]) {
        requests.length = 0;
        nonsense.length = 0;
      }
    },
    close: async () => {
      for (const each of clients) each.close();
      await Promise.all([legacy.close(), candidate.close()]);
      await rig.close();
    },
  };
}

/** The problem document of an answer, when it is one and nothing else. */
export function problemOf(text: string): { status: number; code: string; detail: string } | undefined {
  const reading = readResponse(text, 'GET', true);
  if (reading.kind !== 'complete' || reading.message.rest !== '') return undefined;
  const { fields, body, status } = reading.message;
  const isProblem = fields.some(
    ([name, value]) => name.toLowerCase() === 'content-type' && value === 'application/problem+json',
  );
  if (!isProblem) return undefined;
  const problem = JSON.parse(body) as { status: number; code: string; detail: string };
  return problem.status === status ? problem : undefined;
}

/** A request head: `GET / HTTP/1.1` with a Host and these further lines. */
export function head(line: string, ...fields: string[]): string {
  return `${[`${line} HTTP/1.1`, 'Host: h', ...fields].join('\r\n')}\r\n\r\n`;
}
