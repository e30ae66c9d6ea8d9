/**
 * A guard's answer before a step of a migration. Three values, never a boolean: “not known yet” is an answer of its
 * own, and only `pass` allows the step. Guards are in control/guards.
 */
export interface GuardAnswer {
  readonly answer: 'pass' | 'fail' | 'insufficient evidence';
  /** One sentence with the numbers that decided, for a person. */
  readonly text: string;
  /** The same numbers, for a program; units are in the names. */
  readonly numbers: Readonly<Record<string, number>>;
}

/** An answer with the name of the guard that gave it. */
export interface NamedGuardAnswer extends GuardAnswer {
  readonly guard: string;
}
