/**
 * What becomes of the values of one type in a column of another, by the two types alone. PostgreSQL refuses some values
 * that do not fit, and rounds or cuts off others without a word: the second kind is `narrowing`. Pure.
 */
import type { ColumnCatalog } from '../catalog/database-catalog.ts';

/** A column's type, domains resolved. */
export type Typed = Pick<ColumnCatalog, 'baseType' | 'baseTypeWithModifier' | 'builtin' | 'enumLabels'>;

/**
 * - `same`, `widening`: each value keeps its meaning, and the way back restores it.
 * - `bounded`: PostgreSQL refuses a value that does not fit; of texts it cuts off blanks at the end.
 * - `utc`: a time gets or loses its zone; it is converted as one of UTC.
 * - `narrowing`: values are rounded or lose a part, and nothing says so.
 * - `unknown`: it depends on the values.
 */
export type TypeChange = 'same' | 'widening' | 'bounded' | 'utc' | 'narrowing' | 'unknown';

/** A type as format_type writes it, taken apart: `timestamp(0) without time zone`. */
interface Type {
  readonly base: string;
  /** Length, precision, or precision and scale. */
  readonly modifiers: readonly number[];
}

export function judgeTypeChange(from: Typed, to: Typed): TypeChange {
  if (from.enumLabels && to.enumLabels)
    return from.enumLabels.every((label) => to.enumLabels?.includes(label)) ? 'same' : 'bounded';
  if (from.baseTypeWithModifier === to.baseTypeWithModifier) return 'same';
  const [source, target] = [spelled(from), spelled(to)];
  if (to.enumLabels && isText(typeOf(source).base)) return 'bounded';
  const [one, other] = [source, target].map((type) => type.endsWith('[]'));
  if (one !== other) return judge(typeOf(source), typeOf(target));
  return judge(typeOf(source.replace(/(\[\])+$/, '')), typeOf(target.replace(/(\[\])+$/, '')));
}

/** Types that are not built in go over as text. */
function spelled({ builtin, baseType, baseTypeWithModifier, enumLabels }: Typed): string {
  if (builtin) return baseTypeWithModifier;
  if (/\.citext(\[\])?$/.test(baseType) || enumLabels) return baseType.endsWith('[]') ? 'text[]' : 'text';
  return baseType;
}

function typeOf(type: string): Type {
  const modifiers =
    /\((-?[\d]+)(?:,(-?\d+))?\)/
      .exec(type)
      ?.slice(1)
      .flatMap((part) => part ?? []) ?? [];
  return { base: type.replace(/\([-\d,]+\)/, ''), modifiers: modifiers.map(Number) };
}

/** The first rule that knows the pair decides. */
function judge(from: Type, to: Type): TypeChange {
  if (from.base === to.base && from.modifiers.join() === to.modifiers.join()) return 'same';
  const rules = [toText, numbers, times, bits];
  for (const rule of rules) {
    const change = rule(from, to);
    if (change) return change;
  }
  const pair = `${from.base} → ${to.base}`;
  if (from.base === to.base) return 'same';
  return PAIRS[pair] ?? 'unknown';
}

const PAIRS: Readonly<Record<string, TypeChange>> = {
  // A document with one key twice keeps the last; what JSON means by it is the same.
  'json → jsonb': 'widening',
  'jsonb → json': 'widening',
  'boolean → integer': 'widening',
  'integer → boolean': 'narrowing',
  'cidr → inet': 'widening',
  'inet → cidr': 'narrowing',
  'macaddr → macaddr8': 'widening',
  'macaddr8 → macaddr': 'bounded',
};

const TEXTS = ['text', 'character varying', 'character', 'bpchar'];
const isText = (base: string): boolean => TEXTS.includes(base);
const isBlankPadded = (base: string): boolean => base === 'character' || base === 'bpchar';

/** Characters of the longest value. */
const LONGEST: Readonly<Record<string, number>> = {
  boolean: 5,
  smallint: 6,
  integer: 11,
  bigint: 20,
  uuid: 36,
};

/** Every type has a text form. */
function toText(from: Type, to: Type): TypeChange | undefined {
  if (to.base === 'name' || to.base === '"char"') return from.base === to.base ? 'same' : 'narrowing';
  if (!isText(to.base)) return undefined;
  const room = to.modifiers[0] ?? Number.POSITIVE_INFINITY;
  const longest = LONGEST[from.base] ?? (isText(from.base) ? from.modifiers[0] : undefined);
  const losesBlanks = isBlankPadded(to.base) && isText(from.base) && !isBlankPadded(from.base);
  return room >= (longest ?? Number.POSITIVE_INFINITY) && !losesBlanks ? 'widening' : 'bounded';
}

/** Digits before the point that hold every value, and digits that never lose one. */
const INTEGERS: Readonly<Record<string, { readonly needs: number; readonly holds: number }>> = {
  smallint: { needs: 5, holds: 4 },
  integer: { needs: 10, holds: 9 },
  bigint: { needs: 19, holds: 18 },
};
const FLOATS: Readonly<Record<string, number>> = { real: 6, 'double precision': 15 };

/** Digits before and after the point that a value may have. */
function digitsOf({ base, modifiers }: Type): { before: number; after: number } | undefined {
  const integer = INTEGERS[base];
  if (integer) return { before: integer.needs, after: 0 };
  if (base === 'money') return { before: 17, after: 2 };
  if (base !== 'numeric') return undefined;
  const [precision, scale = 0] = modifiers;
  if (precision === undefined) return { before: Number.POSITIVE_INFINITY, after: Number.POSITIVE_INFINITY };
  return { before: precision - scale, after: scale };
}

function numbers(from: Type, to: Type): TypeChange | undefined {
  const digits = digitsOf(from);
  const significant = FLOATS[to.base];
  if (FLOATS[from.base] !== undefined) {
    if (significant !== undefined) return to.base === 'real' ? 'narrowing' : 'widening';
    // Numeric takes over 6 or 15 digits alone.
    return digitsOf(to) ? 'narrowing' : undefined;
  }
  if (!digits) return undefined;
  if (significant !== undefined)
    return digits.before + Math.max(0, digits.after) <= significant ? 'widening' : 'narrowing';
  const room = INTEGERS[to.base] ? { before: roomOf(from, to), after: 0 } : digitsOf(to);
  if (!room || (to.base === 'money' && from.base !== 'numeric')) return undefined;
  if (room.after < digits.after) return 'narrowing';
  return room.before < digits.before ? 'bounded' : 'widening';
}

/** An integer holds all values of a smaller one, but not all numbers of as many digits. */
const roomOf = (from: Type, to: Type): number =>
  INTEGERS[to.base]?.[INTEGERS[from.base] ? 'needs' : 'holds'] ?? 0;

const DATE_TIMES: Readonly<
  Record<string, { readonly parts: 'date' | 'time' | 'both'; readonly zone: boolean }>
> = {
  date: { parts: 'date', zone: false },
  'time without time zone': { parts: 'time', zone: false },
  'time with time zone': { parts: 'time', zone: true },
  'timestamp without time zone': { parts: 'both', zone: false },
  'timestamp with time zone': { parts: 'both', zone: true },
};

function times(from: Type, to: Type): TypeChange | undefined {
  if (from.base.startsWith('interval') && to.base.startsWith('interval'))
    return (to.base === from.base || to.base === 'interval') && fractionOf(to) >= fractionOf(from)
      ? 'widening'
      : 'narrowing';
  const [one, other] = [DATE_TIMES[from.base], DATE_TIMES[to.base]];
  if (from.base === 'interval' && other?.parts === 'time') return 'narrowing';
  if (from.base === 'time without time zone' && to.base === 'interval')
    return fractionOf(to) >= fractionOf(from) ? 'widening' : 'narrowing';
  if (!one || !other) return undefined;
  if (other.parts !== 'both' && one.parts !== other.parts)
    return one.parts === 'both' ? 'narrowing' : undefined;
  if (other.parts === 'both' && one.parts === 'time') return undefined;
  if (one.parts !== 'date' && fractionOf(to) < fractionOf(from)) return 'narrowing';
  if (one.zone === other.zone) return 'widening';
  // Each time of day has a zone of its own; of a moment only the way in which it is written is lost.
  return one.zone && one.parts === 'time' ? 'narrowing' : 'utc';
}

/** Digits of the seconds. */
const fractionOf = ({ modifiers }: Type): number => modifiers[0] ?? 6;

function bits(from: Type, to: Type): TypeChange | undefined {
  const isBits = ({ base }: Type) => base === 'bit' || base === '"bit"' || base === 'bit varying';
  if (!isBits(from) || !isBits(to)) return undefined;
  const [length] = from.modifiers;
  const [room] = to.modifiers;
  if (room === undefined) return 'widening';
  const fits = to.base === 'bit varying' ? (length ?? Number.POSITIVE_INFINITY) <= room : false;
  return fits ? 'widening' : 'bounded';
}
