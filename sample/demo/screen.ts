/**
 * The demo's output. On a terminal a live line below a log of events; elsewhere plain lines; with --json only the
 * closing document on standard output, and the plain lines on standard error.
 */
import { styleText } from 'node:util';

export interface Screen {
  /** An event: a lasting line. */
  say(text: string): void;
  /** The current state: replaced by the next call. */
  live(text: string): void;
  heading(text: string): void;
  /** Clears the live line. Nothing is shown any more: what is being stopped may still have something to say. */
  end(): void;
}

const PLAIN_LIVE_EVERY_MS = 2500;

export function createScreen(
  stream: NodeJS.WriteStream,
  began = Date.now(),
  now: () => number = Date.now,
): Screen {
  let lastLive = Number.NEGATIVE_INFINITY;
  const clock = () => styleText('dim', `${((now() - began) / 1000).toFixed(1).padStart(6)} s`, { stream });
  let drawn = false;
  let isOver = false;
  const line = (text: string, isHeading = false) => {
    if (isOver) return;
    clear();
    stream.write(`${clock()}  ${isHeading ? styleText('bold', text, { stream }) : text}\n`);
  };
  const clear = () => {
    if (drawn) stream.write('\r\u001b[2K');
    drawn = false;
  };
  return {
    say: (text) => line(text),
    live(text) {
      if (isOver) return;
      if (stream.isTTY) {
        drawn = true;
        stream.write(`\r\u001b[2K${fitFacts(`          ${text}`, (stream.columns || 120) - 1)}`);
      } else if (now() - lastLive >= PLAIN_LIVE_EVERY_MS) {
        lastLive = now();
        stream.write(`            ${text}\n`);
      }
    },
    heading: (text) => line(text, true),
    end() {
      clear();
      isOver = true;
    },
  };
}

/** As many complete facts, separated by ` · `, as fit: half a figure would be wrong. */
export function fitFacts(text: string, room: number): string {
  if (text.length <= room) return text;
  const end = text.lastIndexOf(' · ', room);
  return text.slice(0, end > 0 ? end : room);
}
