/**
 * Warnings of Node in the processes that a test starts, and in those that they start: a listener or a timer too many is a
 * fault of ours, also where nobody reads the log that it would be in.
 */
import { randomUUID } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface WatchedWarnings {
  /** For the process, with those of this run. */
  readonly nodeOptions: string;
  /** What was warned of, with stacks, once all have ended. */
  take(): Promise<string>;
}

/** @param nodeOptions those that the process has otherwise */
export function watchWarnings(nodeOptions: string): WatchedWarnings {
  const file = join(tmpdir(), `ficus-warnings-${randomUUID()}`);
  return {
    nodeOptions: `${nodeOptions} --trace-warnings --redirect-warnings=${file}`.trim(),
    take: async () => {
      const text = await readFile(file, 'utf8').catch(() => '');
      await rm(file, { force: true });
      return text;
    },
  };
}
