/**
 * What a raise of the serve flag leaves out of account. Guards refuse; where none is configured for a piece of evidence,
 * nothing does, and a plain ✓ would look like agreement.
 */
import type { GuardView, SliceView } from '@ficus/contract';
import { movesWrites } from '@ficus/core';

/** The parity guard's default bound: so many of the comparisons may differ without a word. */
const QUIET_MISMATCHES = 0.001;

/** @param guards names of the slice's guards, which have passed or were overridden */
export function raiseWarnings(slice: SliceView, guards: readonly string[]): string[] {
  return [
    ...(guards.length === 0 ? [`no guard refuses a raise: slices.${slice.name}.guards configures none`] : []),
    ...(guards.includes('parity') ? [] : parityWarnings(slice)),
    ...verifyWarnings(slice),
    ...movedWrites(slice.name, slice),
  ];
}

/** What --force has done. */
export const overriddenWarnings = (overridden: readonly GuardView[]): string[] =>
  overridden.map(
    ({ guard, answer, text }) => `--force has overridden the guard ${guard}: ${answer}. ${text}`,
  );

/** @param slice as the control plane shows it, or of the config */
export function movedWrites(name: string, slice: Parameters<typeof movesWrites>[0]): string[] {
  if (!movesWrites(slice)) return [];
  return [
    `the writes of ${name} move too: it lists no tables, so nothing keeps the legacy’s data in step; what the candidate stores by itself stays there after \`ficus serve ${name} 0\``,
  ];
}

function parityWarnings({ name, flags, parity: { compared, counts } }: SliceView): string[] {
  if (compared === 0)
    return [
      (flags.shadow.percent ?? 0) > 0
        ? `no answers were compared yet: reads are copied, and \`ficus status ${name}\` counts them`
        : `no answers were compared: \`ficus shadow ${name} 100\` begins with it`,
    ];
  if (counts.mismatch <= compared * QUIET_MISMATCHES) return [];
  // Rounded down: what is not 100 % must not read so.
  const equal = Math.floor(((compared - counts.mismatch) / compared) * 100_000) / 1000;
  return [
    `parity: ${equal.toFixed(3)} % of ${compared.toLocaleString('en-US')} comparisons match (\`ficus status ${name}\`)`,
  ];
}

function verifyWarnings({ name, tables, verify }: SliceView): string[] {
  if (tables.length === 0) return [];
  const again = `\`ficus verify ${name}\``;
  if (verify === null) return [`the rows of both sides were never compared: ${again}`];
  if (verify.state === 'running') return [`the comparison of the rows still runs: ${again} follows it`];
  if (verify.verdict === 'mismatch') return [`the last verify found rows that are not equal: ${again}`];
  if (verify.verdict !== 'match') return [`the last verify proved nothing: ${again}`];
  return [];
}
