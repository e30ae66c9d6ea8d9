/** What spin's verifier prints about a search, read. Pure; test/model/spin.ts runs it. */

export interface Verdict {
  /** The first error, in spin's words; undefined when the search found none. */
  readonly error: string | undefined;
  /** Every state within the bounds was visited. */
  readonly whole: boolean;
  readonly states: number;
  /** Bytes. */
  readonly stateVector: number;
  readonly seconds: number;
  readonly unreached: readonly Statement[];
}

export interface Statement {
  /** Of the text that spin was given: one file. */
  readonly line: number;
  readonly text: string;
}

/** @throws when it is not the output of a search */
export function readVerdict(output: string): Verdict {
  const [, states] = /^ *([\d.e+]+) states, stored/m.exec(output) ?? [];
  if (states === undefined) throw new Error(`Not the end of a search by spin:\n${output.slice(-2_000)}`);
  // Of a search that stopped, or went over a bound, in spin's words.
  const isPartial = /Search not completed|max search depth too small|reached (?:DMEMLIM|-DMEMLIM) bound/.test(
    output,
  );
  return {
    error: /^pan:\d+: (.*?)(?: \(at depth \d+\))?$/m.exec(output)?.[1],
    whole: !isPartial,
    states: Number(states),
    stateVector: Number(/State-vector (\d+) byte/.exec(output)?.[1] ?? 0),
    seconds: Number(/elapsed time ([\d.]+) seconds/.exec(output)?.[1] ?? 0),
    unreached: [...output.matchAll(/^\t\S+:(\d+), state \d+, "(.*)"$/gm)].map(([, line, text]) => ({
      line: Number(line),
      text: text!,
    })),
  };
}
