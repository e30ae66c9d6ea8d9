/** Changes to a final response head on its way to the client. The request path supplies them for each request. */

/** The final response head, before it goes to the client. The hook may replace what is in it. */
export interface ResponseHead {
  status: number;
  reason: string;
  /** Flat list as received, hop-by-hop fields already taken out. */
  headers: string[];
}

export type ResponseHook = (head: ResponseHead) => 'forward' | 'discard';

export interface ResponseAmendments {
  /** Fields for the client, flat, appended to the final response unchanged; they replace nothing. */
  readonly responseHeaders?: readonly string[] | undefined;
  /**
   * Called with the final response head before any byte goes to the client. `discard` gives nothing to the client and
   * ends with the outcome `discarded`: the way to retry after a 503. Omit it where it is not needed: without it the
   * head is passed on without being parsed into fields.
   */
  readonly onResponseHead?: ResponseHook | undefined;
  /** The same for heads with a URL in them (Location, Content-Location, Link, Refresh), where there is no other hook. */
  readonly onPlaces?: ResponseHook | undefined;
}
