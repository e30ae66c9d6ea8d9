import { InvalidArgumentError } from 'commander';

const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):(.*)$/;

/** `NAME: VALUE`, repeatable: collects a flat list, as in a request. */
export function parseHeader(text: string, before: readonly string[] = []): string[] {
  const [, name, value] = FIELD.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new InvalidArgumentError('It must be NAME: VALUE, as in a request.');
  return [...before, name, value.trim()];
}
