/**
 * Colour on a terminal that wants it, plain text elsewhere (NO_COLOR and FORCE_COLOR are honoured). Decided for the
 * stream that the text goes to: standard output may be a file while standard error is a terminal.
 */
import { styleText } from 'node:util';

type Colour = 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold';

export function paint(colour: Colour, text: string, stream: NodeJS.WriteStream): string {
  return styleText(colour, text, { stream });
}
