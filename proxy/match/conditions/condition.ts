/**
 * What a condition of a route is. Compiled once for each config, by the file of its kind; checked for each
 * request whose method and path match, until one fails.
 */

/**
 * What conditions look at: the inspected head of a request, or what `ficus check --explain` makes of its
 * arguments.
 */
export interface RequestFacts {
  readonly host: string;
  readonly target: string;
  readonly rawHeaders: readonly string[];
  readonly cookie: string | undefined;
  /** Behind trusted proxies: of the client, not of the last proxy. */
  readonly clientAddress: string;
}

export interface Condition {
  /** In the config's words, for explanations: `header x-beta is “yes”`. */
  readonly needs: string;
  holds(facts: RequestFacts): boolean;
}

/**
 * One kind: from what the config says under its key to conditions. Of two routes, the one with more
 * conditions wins.
 */
export type CompileCondition<Written> = (written: Written) => Condition[];

/** Whether all conditions hold. */
export function allHold(conditions: readonly Condition[], facts: RequestFacts): boolean {
  for (const condition of conditions) if (!condition.holds(facts)) return false;
  return true;
}
