/**
 * Where the lines of a worker's log leave: in writes that a pipe takes whole (4,096 bytes), so that lines of several
 * workers on one pipe never mix; a file takes any write whole. A log that nobody reads, or whose reader is gone, takes bounded memory and blocks
 * nothing: lines that do not fit are dropped, and `flush` ends. pino's own destination waits forever in both cases.
 */
import { fstatSync, write, writeSync } from 'node:fs';
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
  /** Complete lines, each text one write; the last one grows. */
  #texts: string[] = [];
  #lastBytes = 0;
  #heldBytes = 0;
  #writing = false;
  /** Its reader has closed the pipe. */
  #broken = false;

  constructor(options: LineSinkOptions) {
    this.#options = options;
    this.#writeBytes = isFile(options.fd) ? FILE_BYTES : PIPE_BYTES;
    setInterval(() => this.#next(), EACH_MS).unref();
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
    // The previous one is full.
    if (this.#texts.length > 1) this.#next();
  }

  /** Writes what is held, within a time limit. */
  flush(): void {
    const until = performance.now() + FLUSH_MS;
    while (this.#texts.length > 0 && !this.#broken) {
      let rest = Buffer.from(this.#texts.shift()!);
      while (rest.length > 0 && !this.#broken) {
        try {
          rest = rest.subarray(writeSync(this.#options.fd, rest));
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
      this.#next();
      await sleep(5);
    }
    return this.#writing ? 'held-up' : 'written';
  }

  #next(): void {
    if (this.#writing || this.#broken || this.#texts.length === 0) return;
    this.#writing = true;
    this.#send(Buffer.from(this.#texts.shift()!));
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
    if (this.#texts.length > 1) this.#next();
  }

  #break(): void {
    this.#broken = true;
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

function isBusy(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EAGAIN' || code === 'EBUSY';
}
