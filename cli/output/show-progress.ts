/**
 * Progress of long work on standard error: a line that is redrawn on a terminal; elsewhere a plain line every ten
 * seconds, so that logs stay readable. However the process ends, no partial line stays on the terminal.
 */
import { printable } from '@ficus/core';
import { cellsOf, takeCells } from './cells.ts';
import { draw, print } from './terminal.ts';

export interface Progress {
  /** `fraction` from 0 to 1, or undefined when the end is not known. */
  update(text: string, fraction?: number): void;
  /** Clears the line; may be called twice. */
  end(): void;
}

const BAR_WIDTH = 24;
/** Short work leaves no line behind. */
const PLAIN_EVERY_MS = 10_000;
const CLEAR_LINE = '\r\u001b[2K';

export function showProgress(
  title: string,
  stream: NodeJS.WriteStream = process.stderr,
  now: () => number = Date.now,
): Progress {
  let lastPlain = now();
  let drawn = false;
  const clear = () => {
    if (drawn) draw(CLEAR_LINE, '', stream);
    drawn = false;
    process.off('exit', clear);
  };
  return {
    update(said, fraction) {
      const text = printable(said);
      if (stream.isTTY) {
        // A second Ctrl-C ends the process at once.
        if (!drawn) process.once('exit', clear);
        drawn = true;
        draw(CLEAR_LINE, fitLine(title, text, fraction, (stream.columns || 80) - 1), stream);
      } else if (now() - lastPlain >= PLAIN_EVERY_MS) {
        lastPlain = now();
        print(`${title}: ${text}\n`, stream);
      }
    },
    end: clear,
  };
}

/** A line wider than the terminal wraps, and only its last row would be redrawn: the bar is dropped first. */
function fitLine(title: string, text: string, fraction: number | undefined, room: number): string {
  if (fraction === undefined) return takeCells(`${title} ${text}`, room);
  const percent = `${String(Math.floor(fraction * 100)).padStart(3)} %`;
  const line = `${title} ${drawBar(fraction)} ${percent} ${text}`;
  return cellsOf(line) <= room ? line : takeCells(`${title} ${percent} ${text}`, room);
}

function drawBar(fraction: number): string {
  const full = Math.round(Math.min(1, Math.max(0, fraction)) * BAR_WIDTH);
  return `${'█'.repeat(full)}${'░'.repeat(BAR_WIDTH - full)}`;
}
