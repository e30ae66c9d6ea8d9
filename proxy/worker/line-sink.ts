/**
 * Where the lines of a worker's log leave: in writes that a pipe takes whole (4,096 bytes), so that lines of several
 * workers on one pipe never mix; a Unix socket takes more, and a file any write whole. On Linux a pipe is opened once
 * more, so that a write that it has no room for fails at once and needs no thread; all else is written by the thread pool.
 *
 * A log without a reader, or on a full disk, takes bounded memory and blocks nothing: lines that do not fit are dropped, and
 * `flush` ends. What is held is written when there is room again. pino's own destination waits forever.
 */
import { closeSync, constants, fstatSync, openSync, write, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** PIPE_BUF of Linux: POSIX promises no more (write, "Atomic/non-atomic"). */
const PIPE_BYTES = 4096;
/**
 * Linux queues that much of a Unix socket in one piece (unix_stream_sendmsg). systemd gives its services such an output,
 * and Node its children.
 */
const SOCKET_BYTES = 32_768;
const FILE_BYTES = 65_536;
/** Pieces that wait for each other: a pipe's reader is woken once for all of them. Half of what a pipe holds on Linux. */
const PIECES_TOGETHER = 8;
const MOST_SPARE = PIECES_TOGETHER;
const EACH_MS = 250;
const AGAIN_MS = 50;
const FLUSH_MS = 1_000;
/** Bytes of a UTF-16 code unit in UTF-8, at most. */
const MOST_BYTES = 3;

interface LineSinkOptions {
  readonly fd: number;
  readonly mostHeldBytes: number;
  /** A line was lost. */
  readonly onDropped: () => void;
}

export class LineSink {
  readonly #options: LineSinkOptions;
  readonly #pieceBytes: number;
  readonly #piecesTogether: number;
  /** A descriptor that never blocks. */
  readonly #pipe: number | undefined;
  /** Complete lines, each piece one write. */
  readonly #pieces: Buffer[] = [];
  /** The piece that grows. */
  #growing: Buffer;
  #grown = 0;
  /** Buffers of written pieces, to be filled again. */
  readonly #spare: Buffer[] = [];
  #heldBytes = 0;
  /** `writing`: in the thread pool. `waiting`: for room. */
  #state: 'idle' | 'writing' | 'waiting' = 'idle';
  /** Its reader has closed the pipe. */
  #broken = false;

  constructor(options: LineSinkOptions) {
    this.#options = options;
    this.#pipe = openPipe(options.fd);
    this.#pieceBytes = pieceBytes(options.fd);
    this.#piecesTogether = this.#pipe === undefined ? 1 : PIECES_TOGETHER;
    this.#growing = Buffer.allocUnsafeSlow(this.#pieceBytes);
    setInterval(() => this.#writeAll(), EACH_MS).unref();
  }

  write(line: string): void {
    if (this.#broken || this.#heldBytes + line.length > this.#options.mostHeldBytes) {
      this.#options.onDropped();
      return;
    }
    const room = this.#pieceBytes - this.#grown;
    // Most lines are short, and a piece long: counting their bytes would cost as much as writing them.
    if (line.length * MOST_BYTES <= room || Buffer.byteLength(line) <= room) this.#add(line);
    else this.#addToNext(line);
  }

  #add(line: string): void {
    const bytes = this.#growing.write(line, this.#grown);
    this.#grown += bytes;
    this.#heldBytes += bytes;
  }

  #addToNext(line: string): void {
    this.#closePiece();
    const bytes = Buffer.byteLength(line);
    if (bytes <= this.#pieceBytes) this.#add(line);
    else {
      this.#pieces.push(Buffer.from(line));
      this.#heldBytes += bytes;
    }
    if (this.#pieces.length >= this.#piecesTogether) this.#writePieces();
  }

  #closePiece(): void {
    if (this.#grown === 0) return;
    this.#pieces.push(this.#growing.subarray(0, this.#grown));
    this.#growing = this.#spare.pop() ?? Buffer.allocUnsafeSlow(this.#pieceBytes);
    this.#grown = 0;
  }

  /** Writes what is held, within a time limit. */
  flush(): void {
    const until = performance.now() + FLUSH_MS;
    this.#closePiece();
    while (this.#pieces.length > 0 && !this.#broken) {
      try {
        this.#took(writeSync(this.#pipe ?? this.#options.fd, this.#pieces[0]!));
      } catch (error) {
        this.#broken = !hasNoRoom(error) || performance.now() > until;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
      }
    }
  }

  /**
   * Writes what is held, within a time limit, and without a call that the reader can block. `held-up` means that a
   * write is still in the thread pool, where `process.exit` would wait for it.
   */
  async end(): Promise<'written' | 'held-up'> {
    const until = performance.now() + FLUSH_MS;
    while (this.#heldBytes > 0 && !this.#broken && performance.now() < until) {
      this.#writeAll();
      await sleep(5);
    }
    return this.#state === 'writing' ? 'held-up' : 'written';
  }

  #writeAll(): void {
    if (this.#state !== 'idle') return;
    this.#closePiece();
    this.#writePieces();
  }

  #writePieces(): void {
    if (this.#state !== 'idle' || this.#broken) return;
    if (this.#pipe !== undefined) this.#fill(this.#pipe);
    else if (this.#pieces.length > 0) this.#send(this.#pieces.shift()!);
  }

  /** Writes until the pipe has no room. */
  #fill(pipe: number): void {
    while (this.#pieces.length > 0) {
      try {
        this.#took(writeSync(pipe, this.#pieces[0]!));
      } catch (error) {
        if (hasNoRoom(error)) this.#writeLater();
        else this.#break();
        return;
      }
    }
  }

  /** @param bytes of the first piece; not all of one longer than a pipe takes whole */
  #took(bytes: number): void {
    const piece = this.#pieces[0]!;
    this.#heldBytes -= bytes;
    if (bytes < piece.length) this.#pieces[0] = piece.subarray(bytes);
    else this.#written(this.#pieces.shift()!);
  }

  /** Keeps the buffer of a piece, unless it was that of a long line. */
  #written(piece: Buffer): void {
    if (piece.buffer.byteLength === this.#pieceBytes && this.#spare.length < MOST_SPARE)
      this.#spare.push(Buffer.from(piece.buffer));
  }

  #writeLater(): void {
    this.#state = 'waiting';
    setTimeout(() => this.#writeNext(), AGAIN_MS).unref();
  }

  #writeNext(): void {
    this.#state = 'idle';
    this.#writePieces();
  }

  #send(piece: Buffer): void {
    this.#state = 'writing';
    write(this.#options.fd, piece, (error, written) => {
      if (error && !hasNoRoom(error)) return this.#break();
      const bytes = error ? 0 : written;
      this.#heldBytes -= bytes;
      if (bytes < piece.length) this.#pieces.unshift(piece.subarray(bytes));
      else this.#written(piece);
      if (error) this.#writeLater();
      else this.#writeNext();
    });
  }

  #break(): void {
    this.#broken = true;
    this.#state = 'idle';
    if (this.#pipe !== undefined) closeSync(this.#pipe);
    this.#pieces.length = 0;
    this.#grown = 0;
    this.#heldBytes = 0;
  }
}

/** A descriptor that is closed shows with the first write. */
function pieceBytes(fd: number): number {
  try {
    const stats = fstatSync(fd);
    if (stats.isFile()) return FILE_BYTES;
    return stats.isSocket() && process.platform === 'linux' ? SOCKET_BYTES : PIPE_BYTES;
  } catch {
    return PIPE_BYTES;
  }
}

/**
 * The same pipe with a file description of its own, whose O_NONBLOCK concerns no other process. Undefined for anything but
 * a pipe, and where the system refuses it (pipes of another user, no /proc).
 */
function openPipe(fd: number): number | undefined {
  try {
    if (process.platform !== 'linux' || !fstatSync(fd).isFIFO()) return undefined;
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
}

/** A reader that is slow, or a disk, a quota or a file that is full: there may be room later. */
const NO_ROOM: ReadonlySet<string | undefined> = new Set(['EAGAIN', 'EBUSY', 'ENOSPC', 'EDQUOT', 'EFBIG']);

const hasNoRoom = (error: unknown): boolean => NO_ROOM.has((error as NodeJS.ErrnoException).code);
