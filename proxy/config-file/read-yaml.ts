/** The YAML that a config may use: one document, without anchors that contain themselves. Never throws. */
import type { ConfigProblem } from '@ficus/core';
import { LineCounter, parseDocument, type YAMLError } from 'yaml';

type ReadYaml =
  | { readonly ok: true; readonly content: unknown }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

export function readYaml(text: string): ReadYaml {
  const lines = new LineCounter();
  // The schema refuses what YAML only warns about (a tag, a key that is a list).
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
  if (document.errors.length > 0) {
    const messages = document.errors.map((error) => {
      const { line, col } = lines.linePos(error.pos[0]);
      return `line ${line}, column ${col}: ${describe(error)}`;
    });
    // One truncated value causes an error for each bracket around it.
    const deep = messages.find((message) => message.endsWith(TOO_DEEP));
    return refuse(deep ? [deep] : [...new Set(messages)]);
  }
  try {
    const content: unknown = document.toJS();
    const odd = findOdd(content);
    return odd === undefined ? { ok: true, content } : refuse([odd]);
  } catch (error) {
    // An alias without its anchor, or too many of them.
    return refuse([(error as Error).message]);
  }
}

const TOO_DEEP = 'it is nested too deep';

function describe({ code, message }: YAMLError): string {
  if (code === 'MULTIPLE_DOCS') return 'a config is one document; nothing may follow ---';
  return message.startsWith('Maximum call stack') ? TOO_DEEP : message;
}

function refuse(messages: readonly string[]): ReadYaml {
  return { ok: false, problems: messages.map((message) => ({ path: [], message })) };
}

/** What would make a walk through the config endless, or hide part of it. */
function findOdd(value: unknown, above: readonly unknown[] = []): string | undefined {
  if (value === null || typeof value !== 'object') return undefined;
  if (above.includes(value)) return 'an anchor contains itself';
  if (Object.hasOwn(value, '__proto__')) return '__proto__ is not an allowed name';
  for (const inner of Object.values(value)) {
    const odd = findOdd(inner, [...above, value]);
    if (odd !== undefined) return odd;
  }
  return undefined;
}
