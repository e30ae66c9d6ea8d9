/**
 * Progress of long work on standard error: a line that is redrawn on a terminal, a plain line now and then
 * elsewhere, so that logs stay readable.
 */
export interface Progress {
  /** `fraction` from 0 to 1, or undefined when the end is not known. */
  update(text: string, fraction?: number): void;
  end(): void;
}

const BAR_WIDTH = 24;
const PLAIN_EVERY_MS = 2000;

export function showProgress(
  title: string,
  stream: NodeJS.WriteStream = process.stderr,
  now: () => number = Date.now,
): Progress {
  let lastPlain = Number.NEGATIVE_INFINITY;
  return {
    update(text, fraction) {
      if (stream.isTTY) {
        stream.write(`\r\u001b[2K${title} ${fraction === undefined ? '' : drawBar(fraction)} ${text}`);
      } else if (now() - lastPlain >= PLAIN_EVERY_MS) {
        lastPlain = now();
        stream.write(`${title}: ${text}\n`);
      }
    },
    end() {
      if (stream.isTTY) stream.write('\r\u001b[2K');
    },
  };
}

function drawBar(fraction: number): string {
  const full = Math.round(Math.min(1, Math.max(0, fraction)) * BAR_WIDTH);
  return `${'█'.repeat(full)}${'░'.repeat(BAR_WIDTH - full)} ${String(Math.floor(fraction * 100)).padStart(3)} %`;
}
