import { InvalidArgumentError } from 'commander';

const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):(.*)$/s;
// RFC 9110 section 5.5: of the control characters only the tab.
const CONTROL = /[^\P{Cc}\t]/u;

/** `NAME: VALUE`, repeatable: collects a flat list, as in a request, where each byte is a character. */
export function parseHeader(text: string, before: readonly string[] = []): string[] {
  const [, name, value] = FIELD.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new InvalidArgumentError('It must be NAME: VALUE, as in a request.');
  if (CONTROL.test(value)) throw new InvalidArgumentError('A header field has no control characters.');
  return [...before, name, Buffer.from(value.trim()).toString('latin1')];
}
