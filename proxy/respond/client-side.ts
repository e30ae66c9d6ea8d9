/**
 * The client's half of an exchange, as the forwarder sees it, whatever the answer is written to: a response of our own
 * server, one of another server, the bare socket of an upgrade. Heads and memory belong to the parser: valid during the
 * call.
 *
 *     interim* ──▶ begin ──▶ body*, flush* ──▶ trailers? ──▶ end
 *       └ cut (once `started`) and release: from anywhere
 */
import type { HeadLines } from '../wire/head-lines.ts';
import type { ResponseAmendments } from './response-amendments.ts';

export interface ClientSide {
  /** Whether the client was given a byte of the final response. */
  readonly started: boolean;
  /** Whether the client takes no more bytes for now. */
  readonly blocked: boolean;
  /** Whether its connection is lost. */
  readonly gone: boolean;
  /** What is wrong with the head that a hook returned, or empty. */
  readonly error: string;
  /** The watcher is called until `release`. */
  watch(watcher: ClientWatcher): void;
  /** Passes an interim response on. */
  interim(head: HeadLines): void;
  /** Takes the final head. Returns false when the hook discards it, or made it invalid (`error`). */
  begin(head: HeadLines, amendments: ResponseAmendments): boolean;
  body(memory: Buffer, start: number, end: number): void;
  trailers(trailers: HeadLines): void;
  /** Writes what was gathered; returns whether the client takes more. */
  flush(): boolean;
  /** The response is complete. */
  end(): void;
  /** Ends the client's connection, so that the client notices the missing rest. */
  cut(): void;
  /** The exchange is over. */
  release(): void;
}

export interface ClientWatcher {
  /** The client's connection was lost before the response was complete. */
  onClientClose(): void;
  /** After being `blocked`, the client takes bytes again. */
  onClientDrain(): void;
}
