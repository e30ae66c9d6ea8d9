/** Looks for the OpenAPI document at the places where frameworks serve it. */
import { isOpenApi } from '../openapi/operations.ts';
import { parseDocument } from '../openapi/read-openapi.ts';
import { DOCUMENT_BYTES, type PoliteClient } from './polite-client.ts';
import { below } from './probe-paths.ts';

const USUAL = [
  '/openapi.json',
  '/openapi.yaml',
  '/swagger.json',
  '/v3/api-docs',
  '/api-docs',
  '/swagger/v1/swagger.json',
  '/docs/openapi.json',
  '/api/openapi.json',
  '/api/schema/',
];

export interface FoundDocument {
  readonly url: string;
  readonly document: unknown;
}

export async function probeOpenApi(
  client: PoliteClient,
  { base, headers = {} }: { readonly base: URL; readonly headers?: Readonly<Record<string, string>> },
): Promise<FoundDocument | undefined> {
  for (const path of USUAL) {
    const url = below(base, path);
    const asked = await client.get(url, { headers, bytes: DOCUMENT_BYTES });
    if (!asked.ok && asked.error === 'spent') return undefined;
    if (!asked.ok || asked.answer.status !== 200 || asked.answer.type === 'text/html') continue;
    const document = tryParse(asked.answer.body);
    if (isOpenApi(document)) return { url: url.href, document };
  }
  return undefined;
}

/** Parsing another text of this size would take seconds. */
const SAYS_SO = /["']?(?:openapi|swagger)["']?\s*:/;

function tryParse(text: string): unknown {
  if (!SAYS_SO.test(text)) return undefined;
  try {
    return parseDocument(text);
  } catch {
    // Something else is served there.
    return undefined;
  }
}
