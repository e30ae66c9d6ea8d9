/** The command `ficus`, run as a user types it: the demo shows the very lines that users see. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const FICUS = join(import.meta.dirname, '..', '..', 'cli', 'bin', 'ficus.js');

interface FicusOptions {
  readonly configFile: string;
  /** Whether the lines are to have colours. */
  readonly coloured: boolean;
  readonly onLine: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Returns its exit status. @throws when the signal is aborted */
export async function runFicus(args: readonly string[], options: FicusOptions): Promise<number> {
  const { configFile, coloured, onLine, signal } = options;
  const child = spawn(process.execPath, [FICUS, ...args, '--config', configFile], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...(coloured && { FORCE_COLOR: '1' }) },
  });
  // What it says of being stopped concerns no reader: the demo itself ends.
  const say = (line: string) => {
    if (!signal.aborted) onLine(line);
  };
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', say);
  const stop = () => child.kill('SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    signal.throwIfAborted();
    return code ?? 3;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
