/**
 * A condition of a route. The file of its kind compiles it once per config; it is checked for each request whose method
 * and path match, until one fails.
 */

/** The input of conditions: the inspected head of a request, or of the one that `ficus check --explain` describes. */
export interface RequestFacts {
  readonly host: string;
  /** Parsed on first use, once for all conditions. */
  readonly query: Pick<URLSearchParams, 'get'>;
  readonly rawHeaders: readonly string[];
  readonly cookie: string | undefined;
  /** The method that a CORS preflight announces. */
  readonly announced?: string | undefined;
  /** Address of the client behind trusted proxies, not of the last proxy. */
  readonly clientAddress: string;
}

export interface Condition {
  /** In the config's words, for explanations: `header x-beta is “yes”`. */
  readonly needs: string;
  holds(facts: RequestFacts): boolean;
}

/**
 * One kind: turns the config's value under its key into conditions. Of two routes, the one with more conditions wins.
 */
export type CompileCondition<Written> = (written: Written) => Condition[];

/** Whether all conditions hold. */
export function allHold(conditions: readonly Condition[], facts: RequestFacts): boolean {
  for (const condition of conditions) if (!condition.holds(facts)) return false;
  return true;
}
