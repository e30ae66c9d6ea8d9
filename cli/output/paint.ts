/** Colour where there is a terminal that wants it, plain text elsewhere (NO_COLOR, FORCE_COLOR are honoured). */
import { styleText } from 'node:util';

export type Colour = 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold';

export function paint(colour: Colour, text: string, stream: NodeJS.WriteStream = process.stderr): string {
  return styleText(colour, text, { stream });
}
