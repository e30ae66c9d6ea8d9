/**
 * Paths of differences and the patterns of ignore rules. A difference has a path (`$.items[0].id`); a user writes a
 * pattern (`$.items[*].id`, `$..generatedAt`). A pattern names a place and everything below it.
 */

import { JSON_STRING } from '@ficus/core';

/** A member name or an array index. */
export type JsonStep = string | number;

export type PatternStep =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'any' }
  /** `..`: any number of steps, none included. */
  | { readonly kind: 'descend' };

const PLAIN_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** `$.items[*].id`: the place in every item, and under every key that was replaced by a stand-in. */
export function generalPath(path: string): string {
  return path.replace(/\[(?:\d+|"‹[^"‹›]*›")\]/g, '[*]');
}

/** `$.items[0]["odd name"]` */
export function formatJsonPath(steps: readonly JsonStep[]): string {
  return steps.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return PLAIN_NAME.test(step) ? `${text}.${step}` : `${text}[${JSON.stringify(step)}]`;
  }, '$');
}

// One step of a pattern: ..  .name  .*  [*]  [12]  ['name']  ["name"]
const STEP = new RegExp(
  String.raw`\.\.|\.(?<name>[^.[\]\s'"*]+)|\.(?<star>\*)|\[(?:(?<any>\*)|(?<index>\d+)|'(?<single>[^']*)'|(?<double>${JSON_STRING}))\]`,
  'y',
);

/** The steps of a pattern that begins with `$`; `undefined` when it is not one. */
export function parseJsonPattern(text: string): readonly PatternStep[] | undefined {
  if (!text.startsWith('$')) return undefined;
  const steps: PatternStep[] = [];
  let at = 1;
  while (at < text.length) {
    STEP.lastIndex = at;
    const found = STEP.exec(text);
    if (!found) {
      // After `..` the name follows without a dot of its own.
      const bare = steps.at(-1)?.kind === 'descend' ? /^(?:\*|[^.[\]\s'"*]+)/.exec(text.slice(at)) : null;
      if (!bare) return undefined;
      steps.push(bare[0] === '*' ? { kind: 'any' } : { kind: 'name', name: bare[0] });
      at += bare[0].length;
      continue;
    }
    steps.push(toStep(found));
    at = STEP.lastIndex;
  }
  return steps.at(-1)?.kind === 'descend' ? undefined : steps;
}

function toStep(found: RegExpExecArray): PatternStep {
  const { name, star, any, index, single, double } = found.groups ?? {};
  if (name !== undefined) return { kind: 'name', name };
  if (star !== undefined || any !== undefined) return { kind: 'any' };
  if (index !== undefined) return { kind: 'index', index: Number(index) };
  if (single !== undefined) return { kind: 'name', name: single };
  if (double !== undefined) return { kind: 'name', name: JSON.parse(double) as string };
  return { kind: 'descend' };
}

/**
 * Whether the pattern names this place, or one above it. Each part between two `..` takes the first place that it fits: a later
 * one would leave less to the parts after it. No pattern needs more than one pass.
 */
export function patternCovers(pattern: readonly PatternStep[], steps: readonly JsonStep[]): boolean {
  let at = 0;
  for (const [index, part] of splitAtDescend(pattern).entries()) {
    const found = index === 0 ? (fits(part, steps, 0) ? 0 : -1) : firstFit(part, steps, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return true;
}

function splitAtDescend(pattern: readonly PatternStep[]): PatternStep[][] {
  const parts: PatternStep[][] = [[]];
  for (const step of pattern) step.kind === 'descend' ? parts.push([]) : parts.at(-1)!.push(step);
  return parts;
}

function firstFit(part: readonly PatternStep[], steps: readonly JsonStep[], from: number): number {
  for (let at = from; at + part.length <= steps.length; at++) if (fits(part, steps, at)) return at;
  return -1;
}

function fits(part: readonly PatternStep[], steps: readonly JsonStep[], at: number): boolean {
  return part.every((wanted, offset) => {
    const step = steps[at + offset];
    return step !== undefined && stepMatches(wanted, step);
  });
}

function stepMatches(wanted: PatternStep, step: JsonStep): boolean {
  switch (wanted.kind) {
    case 'any':
    case 'descend':
      return true;
    case 'index':
      return step === wanted.index;
    case 'name':
      return step === wanted.name;
  }
}
