/**
 * Writes to a plain TCP socket without its stream: this saves a request object, a callback and the stream's
 * bookkeeping, which together cost as much as all routing does; and a piece of a body is held up only when the kernel
 * does not take it, not whenever it is as long as the stream's high-water mark.
 *
 * It happens only when nothing is waiting on the socket, so that order is kept and back-pressure stays the stream's
 * business: libuv keeps what the kernel does not take at once, in order, and until that is written every further write
 * goes through the stream. Where Node does not offer what is needed (`available` is false) the stream is always used.
 */
import type { Socket } from 'node:net';
import { constants } from 'node:os';
import { nodeInternals, thisNode } from './node-internals.ts';

/** Notified when waiting bytes are written, or never will be. */
export interface WriteListener {
  onWritten(): void;
}

/** Called, instead of the socket's end, when the peer takes no more: its earlier bytes may not have been read yet. */
export interface PeerListener {
  onPeerGone(): void;
}

/** `whole`: the kernel has them. `waiting`: the bytes must not change until the listener is called. */
export type DirectWrite = 'whole' | 'waiting' | 'refused';

interface WriteRequest {
  oncomplete: (status: number) => void;
  socket: Socket | undefined;
  /** Kept for as long as libuv reads them. */
  bytes: Uint8Array | undefined;
  listener: WriteListener | undefined;
}

interface StreamHandle {
  readonly writeQueueSize: number;
  writeLatin1String(request: WriteRequest, text: string): number;
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number;
}

interface SocketInternals {
  _handle: StreamHandle | null;
}

interface StreamBinding {
  readonly WriteWrap: new () => WriteRequest;
  readonly streamBaseState: ArrayLike<number>;
  readonly kLastWriteWasAsync: number;
}

const PEER_GONE: ReadonlySet<number> = new Set([-constants.errno.EPIPE, -constants.errno.ECONNRESET]);

const binding = nodeInternals.sockets ? (thisNode.streamBinding as StreamBinding) : undefined;
const WriteWrap = binding?.WriteWrap;

/** Whether this Node supports it. */
export const available: boolean = WriteWrap !== undefined;

let spare: WriteRequest | undefined;
/** Requests that libuv holds, over all sockets: while there are none, no socket needs a check. */
let held = 0;

/** Whether the socket can be written to directly: plain TCP, not TLS. */
export function takesDirectWrites(socket: Socket): boolean {
  const handle = (socket as unknown as SocketInternals)._handle as { constructor?: { name?: string } } | null;
  return available && handle?.constructor?.name === 'TCP';
}

/**
 * Writes the text as latin1, or returns false, without effect, when the stream must be used.
 * @param socket one for which `takesDirectWrites` is true
 */
export function writeDirectly(socket: Socket, text: string, peer?: PeerListener): boolean {
  const handle = freeHandle(socket);
  if (handle === undefined) return false;
  writeText(socket, handle, text, peer);
  return true;
}

/** Whether nothing waits in the socket's stream; libuv may still hold bytes. */
export function isStreamFree(socket: Socket): boolean {
  return socket.writable && socket.writableLength === 0 && socket.writableCorked === 0;
}

/** Writes text to a socket whose stream was free when checked, and to which nothing was written since. */
export function writeToFree(socket: Socket, text: string): void {
  if (!available) {
    socket.write(text, 'latin1');
    return;
  }
  const handle = (socket as unknown as SocketInternals)._handle;
  if (handle === null) return;
  if (isQueued(handle)) socket.write(text, 'latin1');
  else writeText(socket, handle, text);
}

function writeText(socket: Socket, handle: StreamHandle, text: string, peer?: PeerListener): void {
  const request = spare ?? newRequest();
  request.socket = socket;
  const error = handle.writeLatin1String(request, text);
  if (error !== 0) {
    spare = undefined;
    giveUp(socket, error, peer);
    return;
  }
  // When everything was taken, the request object can be reused; otherwise libuv needs it until the rest is written.
  if (isWithLibuv()) {
    spare = undefined;
    held += 1;
  } else {
    request.socket = undefined;
    spare = request;
  }
}

/**
 * Writes bytes; `refused`, without effect, when the stream must be used.
 * @param socket one for which `takesDirectWrites` is true
 */
export function writeBytesDirectly(
  socket: Socket,
  bytes: Uint8Array,
  listener: WriteListener,
  peer?: PeerListener,
): DirectWrite {
  const handle = freeHandle(socket);
  if (handle === undefined) return 'refused';
  const request = spare ?? newRequest();
  request.socket = socket;
  const error = handle.writeBuffer(request, bytes);
  if (error !== 0) {
    spare = undefined;
    giveUp(socket, error, peer);
    return 'whole';
  }
  if (!isWithLibuv()) {
    request.socket = undefined;
    spare = request;
    return 'whole';
  }
  request.bytes = bytes;
  request.listener = listener;
  spare = undefined;
  held += 1;
  return 'waiting';
}

/** As when a write of the stream fails: the connection is over, and its `close` notifies all listeners. */
function giveUp(socket: Socket, error: number, peer: PeerListener | undefined): void {
  if (peer !== undefined && PEER_GONE.has(error)) peer.onPeerGone();
  else socket.destroy();
}

/** The socket's handle, unless something waits to be written first. */
function freeHandle(socket: Socket): StreamHandle | undefined {
  const handle = (socket as unknown as SocketInternals)._handle;
  return handle === null || !isStreamFree(socket) || isQueued(handle) ? undefined : handle;
}

function isQueued(handle: StreamHandle): boolean {
  return held > 0 && handle.writeQueueSize > 0;
}

/**
 * Whether the last write's request is in use until its `oncomplete`. An empty queue does not show it: the kernel may
 * have taken the rest a moment later, while libuv still holds the request; reusing it would end the process.
 */
function isWithLibuv(): boolean {
  return binding!.streamBaseState[binding!.kLastWriteWasAsync] !== 0;
}

function newRequest(): WriteRequest {
  const request = new WriteWrap!();
  request.oncomplete = onComplete;
  return request;
}

function onComplete(this: WriteRequest, status: number): void {
  held -= 1;
  if (status < 0) this.socket?.destroy();
  const { listener } = this;
  this.bytes = undefined;
  this.listener = undefined;
  listener?.onWritten();
}
