import { printable } from '@ficus/core';

/** One line, whatever was said: a second one could look like another entry. Colours of `paint` stay; terminal.ts cleans the rest. */
export const oneLine = (text: string): string => text.replace(/[\n\r]/g, printable);
