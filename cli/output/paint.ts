/**
 * Colour where there is a terminal that wants it, plain text elsewhere (NO_COLOR, FORCE_COLOR are honoured). The stream
 * is the one that the text is written to: one of the two may be a terminal while the other is a file.
 */
import { styleText } from 'node:util';

export type Colour = 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold';

export function paint(colour: Colour, text: string, stream: NodeJS.WriteStream): string {
  return styleText(colour, text, { stream });
}
