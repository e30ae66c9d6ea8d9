/**
 * Short texts for many sockets, written together at the end of a turn of the event loop, in the order in which they
 * came. A write wakes the reader on the other end; written one by one between other work, each finds its reader asleep
 * again, which costs the kernel more than the write. A turn with little work ends at once, so no client waits.
 *
 * Anything else done to a socket which may have a text here must come after `flushWrites`: client-socket ensures that.
 */
import type { Socket } from 'node:net';
import { isStreamFree, writeToFree } from './direct-write.ts';

/** A batch this long does not wait for the end of the turn. */
const MOST = 64;

const sockets: Socket[] = [];
const texts: string[] = [];
let number = 0;

/**
 * Takes the text, as latin1, or returns false, without effect, when the socket's stream must be used.
 * @param socket one for which `takesDirectWrites` is true
 */
export function writeSoon(socket: Socket, text: string): boolean {
  if (!isStreamFree(socket)) return false;
  if (sockets.length === 0) setImmediate(flushWrites);
  sockets.push(socket);
  texts.push(text);
  if (sockets.length === MOST) flushWrites();
  return true;
}

/** Whether a text of the socket waits here. */
export function waitsToBeWritten(socket: Socket): boolean {
  return sockets.includes(socket);
}

/** Number of the batch being gathered; a text taken under another number has been written. */
export function batchNumber(): number {
  return number;
}

/** Writes whatever waits. */
export function flushWrites(): void {
  number += 1;
  for (let at = 0; at < sockets.length; at += 1) writeToFree(sockets[at]!, texts[at]!);
  sockets.length = 0;
  texts.length = 0;
}
