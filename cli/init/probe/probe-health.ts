/** The path at which a server says that it is well, by the names that are usual. */
import { compared, looksAlike } from './compare-answers.ts';
import type { Answer, PoliteClient } from './polite-client.ts';
import { below } from './probe-paths.ts';

const USUAL = ['/health', '/healthz', '/status', '/actuator/health', '/up'];

/** @param missing answer to a path that does not exist */
export async function probeHealth(
  client: PoliteClient,
  { base, headers = {} }: { readonly base: URL; readonly headers?: Readonly<Record<string, string>> },
  missing: Answer | undefined,
): Promise<string | undefined> {
  for (const path of USUAL) {
    const url = below(base, path);
    const asked = await client.get(url, { headers });
    if (!asked.ok) {
      if (asked.error === 'spent') return undefined;
      continue;
    }
    const { answer } = asked;
    // An application of one page answers each path with that page.
    const isAnything = missing !== undefined && looksAlike(compared(answer, url), compared(missing, url));
    if (answer.status === 200 && !isAnything) return path;
  }
  return undefined;
}
