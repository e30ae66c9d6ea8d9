/**
 * Reads lines of `ficus up` about a process that keeps failing: `ficus up` retries forever, the sample does not. Pure.
 */

interface RestartLine {
  readonly reason?: unknown;
  readonly pauseMs?: unknown;
}

/** Why a process exited, once it did so twice in a row: the first restart comes without a pause. */
export function failedTwice(line: string): string | undefined {
  if (!line.includes('"pauseMs"')) return undefined;
  const { reason, pauseMs } = parse(line);
  return typeof pauseMs === 'number' && pauseMs > 0 && typeof reason === 'string' ? reason : undefined;
}

function parse(line: string): RestartLine {
  try {
    return JSON.parse(line) as RestartLine;
  } catch {
    return {};
  }
}
