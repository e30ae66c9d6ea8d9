/** A response head after the request path's hook. Called by everything that writes responses to a client. */
import type { HeadLines } from '../wire/head-lines.ts';
import type { ResponseAmendments, ResponseHead } from './response-amendments.ts';

/** What would end a line, or a string. */
const BAD_FIELD = /[\0\r\n]/;

type AmendedHead =
  | { readonly kind: 'head'; readonly head: ResponseHead }
  | { readonly kind: 'discarded' }
  | { readonly kind: 'invalid'; readonly error: string };

/** Whether a hook has to see the head; without one, it is passed on as it came. */
export function isAmended({ namesPlace }: HeadLines, amendments: ResponseAmendments): boolean {
  return amendments.onResponseHead !== undefined || (namesPlace && amendments.onPlaces !== undefined);
}

/** @param keepTransferEncoding whether the client knows it: HTTP/1.0 does not */
export function amendHead(
  lines: HeadLines,
  amendments: ResponseAmendments,
  keepTransferEncoding: boolean,
): AmendedHead {
  const head: ResponseHead = {
    status: lines.status,
    reason: lines.reason(),
    headers: lines.fields(keepTransferEncoding),
  };
  // Called as a method of the amendments: one function serves all requests.
  const hooked =
    amendments.onResponseHead === undefined && lines.namesPlace
      ? amendments.onPlaces?.(head)
      : amendments.onResponseHead?.(head);
  if (hooked === 'discard') return { kind: 'discarded' };
  // The hook's values come from the config and from the upstream's fields: a line break would start a new field.
  if (head.headers.some((part) => BAD_FIELD.test(part)) || BAD_FIELD.test(head.reason)) {
    return { kind: 'invalid', error: 'a bad byte in a rewritten response field' };
  }
  return { kind: 'head', head };
}
