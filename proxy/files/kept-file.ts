/**
 * What a proxy knew last, on disk for its next run: flags, owners. Nothing waits for it, and everything works without it.
 * Readable by its owner only, and believed only from an account that is trusted with it (own-file.ts).
 */
import { dirname } from 'node:path';
import { describeFileError } from '@ficus/core';
import { readOwnFile, replaceOwnFile } from './own-file.ts';

interface KeptFileParts {
  readonly file: string;
  /** `flags`, for the log. */
  readonly what: string;
  /** What a restart does that finds an older file or none, and what to do about it. */
  readonly consequence: string;
  readonly onProblem: (message: string) => void;
  readonly retryMs?: number | undefined;
}

const RETRY_MS = 5_000;

export class KeptFile {
  readonly #parts: KeptFileParts;
  #waiting: string | undefined;
  #writing: Promise<void> | undefined;
  #failed = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(parts: KeptFileParts) {
    this.#parts = parts;
  }

  /** Of several in a row, the last is kept. Never throws. */
  keep(text: string): void {
    this.#waiting = text;
    this.#begin();
  }

  /** Everything kept so far is on disk, or cannot be written. */
  async settled(): Promise<void> {
    await this.#writing;
    this.#begin();
    await this.#writing;
  }

  /** @param parse may throw: then there is nothing, and the log says why */
  async read<Kept>(parse: (text: string) => Kept): Promise<Kept | undefined> {
    const { file, what, onProblem } = this.#parts;
    try {
      return parse(await readOwnFile(file));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        onProblem(`the last known ${what} in ${file} are not used: ${describeFileError(error)}`);
      return undefined;
    }
  }

  #begin(): void {
    if (this.#waiting !== undefined) this.#writing ??= this.#write();
  }

  /** What cannot be written is tried again: what is on disk may be what a change has just ended. */
  async #write(): Promise<void> {
    const { file, what, onProblem, retryMs } = this.#parts;
    for (let text = this.#waiting; text !== undefined; text = this.#waiting) {
      this.#waiting = undefined;
      try {
        await replaceOwnFile(file, text);
        // What a later start would refuse is said now.
        await readOwnFile(file);
        if (this.#failed) onProblem(`${what} are kept in ${dirname(file)} again`);
        this.#failed = false;
      } catch (error) {
        this.#waiting ??= text;
        if (!this.#failed) onProblem(this.#describe(error));
        this.#failed = true;
        clearTimeout(this.#retry);
        this.#retry = setTimeout(() => this.#begin(), retryMs ?? RETRY_MS).unref();
        break;
      }
    }
    this.#writing = undefined;
  }

  #describe(error: unknown): string {
    const { file, what, consequence } = this.#parts;
    return `${what} cannot be kept in ${dirname(file)}: ${describeFileError(error)}; ${consequence} Free space there, or set flags.backup to a directory that the proxy may write to, or to false`;
  }
}
