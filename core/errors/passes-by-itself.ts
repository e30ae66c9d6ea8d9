/**
 * Whether a failure can end without anybody's help (`retry: 'timed'`). Commands act on it: `ficus serve SLICE 0` bypasses a
 * control plane that fails so, `ficus up` keeps trying to start one, and a preflight only warns. The test lists the codes.
 */
import { catalogue, type ErrorCode } from './catalogue.ts';

export function passesByItself({ code }: { readonly code: ErrorCode }): boolean {
  return catalogue[code].retry === 'timed';
}
