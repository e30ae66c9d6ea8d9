/**
 * A text that is drawn again in its place. Long lines continue on the next one, and are counted so: a picture longer than the
 * window would scroll, and each redraw would leave a part of the previous one behind.
 */
import { draw } from './terminal.ts';
import { wrapLine } from './wrap-text.ts';

const CLEAR = '\u001b[2J';
const HOME = '\u001b[H';
const CLEAR_REST_OF_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';
const NO_WRAP = '\u001b[?7l';
const WRAP = '\u001b[?7h';

export class Screen {
  readonly #stream: NodeJS.WriteStream;
  #drawn = false;

  constructor(stream: NodeJS.WriteStream = process.stdout) {
    this.#stream = stream;
  }

  show(text: string): void {
    const room = Math.max(1, (this.#stream.rows || 24) - 1);
    const width = this.#stream.columns || 80;
    const lines = text
      .replace(/\n+$/, '')
      .split('\n')
      .flatMap((line) => wrapLine(line, width));
    const shown =
      lines.length <= room
        ? lines
        : [...lines.slice(0, room - 1), `… ${lines.length - room + 1} more lines: the window is too small`];
    draw(NO_WRAP + (this.#drawn ? '' : CLEAR) + HOME, '', this.#stream);
    this.#drawn = true;
    for (const line of shown) {
      draw('', line, this.#stream);
      draw(`${CLEAR_REST_OF_LINE}\n`, '', this.#stream);
    }
    draw(CLEAR_BELOW + WRAP, '', this.#stream);
  }
}
