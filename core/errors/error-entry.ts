/** One kind of failure: what a user reads about it, and how a program handles it. */
export interface ErrorEntry {
  /** HTTP status where it crosses an HTTP boundary. */
  readonly status: number;
  /** Exit status of the command: 1 the answer is no, 2 used wrongly, 3 could not be carried out. */
  readonly exit: 1 | 2 | 3;
  readonly title: string;
  readonly remedy: string;
  /**
   * Whether a retry can help: never, after a fix, or on its own after a while. Commands act on `timed` through
   * passes-by-itself.ts, the way back to 0 % among them.
   */
  readonly retry: 'never' | 'manual' | 'timed';
}
