import { InvalidArgumentError } from 'commander';

const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):(.*)$/s;
// RFC 9110 section 5.5: of the control characters only the tab.
const CONTROL = /[^\P{Cc}\t]/u;

/** `NAME: VALUE` as in a request, where each byte is a character; or what is wrong with it, without repeating it. */
export function readField(text: string): readonly [name: string, value: string] | string {
  const [, name, value] = FIELD.exec(text) ?? [];
  if (name === undefined || value === undefined) return 'It must be NAME: VALUE, as in a request.';
  if (CONTROL.test(value)) return 'A header field has no control characters.';
  return [name, Buffer.from(value.trim()).toString('latin1')];
}

/** `NAME: VALUE`, repeatable: collects a flat list. */
export function parseHeader(text: string, before: readonly string[] = []): string[] {
  const field = readField(text);
  if (typeof field === 'string') throw new InvalidArgumentError(field);
  return [...before, ...field];
}
