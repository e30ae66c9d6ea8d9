/**
 * Which names are shown. Names of members, parameters and headers are usually a program's, and needed to find a fault;
 * but a map's keys are data: `{"mia@example.org": {…}}`.
 */

const LONGEST = 40;

/** Whether it looks like a name that a programmer chose: letters, few digits, no blanks, dots or signs. */
export function isFieldName(name: string): boolean {
  if (name.length > LONGEST || !/^[$@_A-Za-z][A-Za-z0-9_-]*$/.test(name)) return false;
  const digits = name.replace(/[^0-9]+/g, '').length;
  return digits <= 3;
}

/** The fewest entries from which the members of an object are compared for likeness. */
const FEWEST = 2;
const MOST_NAMES = 50;

/** Whether an object's names are keys of a map: very many, or each with a value of the same members. */
export function isMap(members: Readonly<Record<string, unknown>>): boolean {
  const names = Object.keys(members);
  if (names.length > MOST_NAMES) return true;
  if (names.length < FEWEST) return false;
  const shapes = new Set(names.map((name) => shapeOf(members[name])));
  return shapes.size === 1 && !shapes.has(undefined);
}

function shapeOf(value: unknown): string | undefined {
  // Numbers that are kept as written are objects as well.
  if (value === null || typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype)
    return undefined;
  const names = Object.keys(value);
  return names.length === 0 ? undefined : JSON.stringify(names.slice(0, MOST_NAMES).sort());
}
