/**
 * The fields of Node's `ServerResponse` that lie beneath its public methods and that the forwarder relies on. They have
 * existed under these names since Node 10 at least; test/integration/forward/internals.http.test.ts checks the running
 * Node for them.
 */
export interface ServerResponseInternals {
  /** The head as text, once it is known; sent before the first body bytes, in the same write when those are a string. */
  _header: string | null;
  /** Whether the head has been sent. */
  _headerSent: boolean;
  /** True makes Node close the connection after this response. */
  _last: boolean;
  /** The client sent `Expect: 100-continue`. */
  readonly _expect_continue: boolean;
  /** An interim 100 was sent. */
  _sent100: boolean;
  /** What the request's version and `Connection` ask for. */
  shouldKeepAlive: boolean;
  readonly maxRequestsOnConnectionReached: boolean;
  /** Writes bytes past the head, in the response's turn on a pipelined connection: interim responses. */
  _writeRaw(data: string, encoding: 'latin1'): boolean;
}
