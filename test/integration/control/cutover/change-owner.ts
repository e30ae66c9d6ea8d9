/** A change of owner on a machine that may be too slow for the bounds of the hold, which are a second or two. */
import type { ControlClient, CutoverView } from '@ficus/contract';

/** Each abandons the attempt before a request fails, and says to try again. */
const CODES_OF_SLOWNESS: ReadonlySet<string> = new Set([
  'FICUS_CUTOVER_TOO_SLOW',
  'FICUS_FENCE_DRAIN',
  'FICUS_CUTOVER_LAG',
]);
export const MOST_TRIES = 8;

export const isSlowness = (codes: readonly string[]): boolean =>
  codes.length > 0 && codes.every((code) => CODES_OF_SLOWNESS.has(code));

/** Whether the attempt was abandoned, and for nothing else. */
export function wasTooSlow({ attempt }: CutoverView): boolean {
  if (attempt?.state !== 'abandoned') return false;
  const found = [attempt.failure, ...attempt.refusals];
  return isSlowness(found.flatMap((problem) => problem?.code ?? []));
}

/** @returns the first attempt that the machine was not too slow for, or the last; each has an epoch of its own */
export async function changeOwner(
  client: ControlClient,
  operation: 'cutover' | 'rollback',
  wish: Parameters<ControlClient['cutover']>[1] = {},
  slice = 'orders',
): Promise<CutoverView & { readonly tries: number }> {
  for (let tries = 1; ; tries += 1) {
    await client[operation](slice, wish);
    const view = await client.followCutover(slice);
    if (tries === MOST_TRIES || !wasTooSlow(view)) return { ...view, tries };
  }
}
