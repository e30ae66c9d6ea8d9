/**
 * Where the lines of a worker's log leave: in writes that a pipe takes whole (4,096 bytes), so that lines of several
 * workers on one pipe never mix; a file takes any write whole. On Linux a pipe is opened once more, so that a write that
 * it has no room for fails at once and needs no thread; all else is written by the thread pool.
 *
 * A log without a reader takes bounded memory and blocks nothing: lines that do not fit are dropped, and `flush` ends.
 * pino's own destination waits forever.
 */
import { closeSync, constants, fstatSync, openSync, write, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** PIPE_BUF of Linux: POSIX promises no more (write, "Atomic/non-atomic"). */
const PIPE_BYTES = 4096;
const FILE_BYTES = 65_536;
const EACH_MS = 250;
const AGAIN_MS = 50;
const FLUSH_MS = 1_000;

interface LineSinkOptions {
  readonly fd: number;
  readonly mostHeldBytes: number;
  /** A line was lost. */
  readonly onDropped: () => void;
}

export class LineSink {
  readonly #options: LineSinkOptions;
  readonly #writeBytes: number;
  /** A descriptor that never blocks. */
  readonly #pipe: number | undefined;
  /** Complete lines, each text one write; the last one grows. What a pipe has taken a part of does not. */
  #texts: (string | Buffer)[] = [];
  #lastBytes = 0;
  #heldBytes = 0;
  #writing = false;
  /** Its reader has closed the pipe. */
  #broken = false;

  constructor(options: LineSinkOptions) {
    this.#options = options;
    this.#writeBytes = isFile(options.fd) ? FILE_BYTES : PIPE_BYTES;
    this.#pipe = openPipe(options.fd);
    setInterval(() => this.#next('all'), EACH_MS).unref();
  }

  write(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.#broken || this.#heldBytes + bytes > this.#options.mostHeldBytes) {
      this.#options.onDropped();
      return;
    }
    this.#heldBytes += bytes;
    if (this.#texts.length > 0 && this.#lastBytes + bytes <= this.#writeBytes) {
      this.#texts[this.#texts.length - 1] += line;
      this.#lastBytes += bytes;
      return;
    }
    this.#texts.push(line);
    this.#lastBytes = bytes;
    if (this.#texts.length > 1) this.#next('full');
  }

  /** Writes what is held, within a time limit. */
  flush(): void {
    const until = performance.now() + FLUSH_MS;
    while (this.#texts.length > 0 && !this.#broken) {
      let rest = Buffer.from(this.#texts.shift()!);
      while (rest.length > 0 && !this.#broken) {
        try {
          rest = rest.subarray(writeSync(this.#pipe ?? this.#options.fd, rest));
        } catch (error) {
          this.#broken = !isBusy(error) || performance.now() > until;
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
        }
      }
    }
  }

  /**
   * Writes what is held, within a time limit, and without a call that the reader can block. `held-up` means that a
   * write is still in the thread pool, where `process.exit` would wait for it.
   */
  async end(): Promise<'written' | 'held-up'> {
    const until = performance.now() + FLUSH_MS;
    while ((this.#writing || this.#texts.length > 0) && !this.#broken && performance.now() < until) {
      this.#next('all');
      await sleep(5);
    }
    return this.#writing && this.#pipe === undefined ? 'held-up' : 'written';
  }

  #next(which: 'all' | 'full'): void {
    if (this.#writing || this.#broken || this.#texts.length === 0) return;
    if (this.#pipe !== undefined) {
      this.#fill(this.#pipe, which === 'all' ? 0 : 1);
      return;
    }
    this.#writing = true;
    this.#send(Buffer.from(this.#texts.shift()!));
  }

  /** Writes until the pipe has no room, or as few texts are left. */
  #fill(pipe: number, left: number): void {
    while (this.#texts.length > left) {
      const text = this.#texts[0]!;
      try {
        const written = typeof text === 'string' ? writeSync(pipe, text) : writeSync(pipe, text);
        this.#heldBytes -= written;
        const rest = Buffer.from(text).subarray(written);
        if (rest.length === 0) this.#texts.shift();
        else this.#keepRest(rest);
      } catch (error) {
        if (isBusy(error)) this.#fillLater();
        else this.#break();
        return;
      }
    }
  }

  /** Of a line longer than a pipe takes whole. */
  #keepRest(rest: Buffer): void {
    this.#texts[0] = rest;
    if (this.#texts.length === 1) this.#lastBytes = Number.POSITIVE_INFINITY;
  }

  #fillLater(): void {
    this.#writing = true;
    const again = () => {
      this.#writing = false;
      this.#next('full');
    };
    setTimeout(again, AGAIN_MS).unref();
  }

  #send(bytes: Buffer): void {
    write(this.#options.fd, bytes, (error, written) => {
      if (error && isBusy(error)) setTimeout(() => this.#send(bytes), AGAIN_MS).unref();
      else if (error) this.#break();
      else if (written < bytes.length) this.#send(bytes.subarray(written));
      else this.#sent();
      if (!error) this.#heldBytes -= written;
    });
  }

  #sent(): void {
    this.#writing = false;
    // The last text may still grow.
    if (this.#texts.length > 1) this.#next('full');
  }

  #break(): void {
    this.#broken = true;
    if (this.#pipe !== undefined) closeSync(this.#pipe);
    this.#texts = [];
    this.#heldBytes = 0;
  }
}

/** A descriptor that is closed shows with the first write. */
function isFile(fd: number): boolean {
  try {
    return fstatSync(fd).isFile();
  } catch {
    return false;
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

function isBusy(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EAGAIN' || code === 'EBUSY';
}
