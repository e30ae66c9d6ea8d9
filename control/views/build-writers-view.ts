/** Builds what the API returns about a slice's writers, whole and in a few words. */
import type { WritersSummary, WritersView } from '@ficus/contract';
import { formatDuration } from '@ficus/core';
import { declareWriter, explainWriter } from '../writers/describe-writer.ts';
import {
  evaluateWriters,
  type ObservedSide,
  observedMs,
  type WriterFacts,
} from '../writers/evaluate-writers.ts';
import { isExplained, type JudgedWriter } from '../writers/judge-writers.ts';
import type { WriterWatch } from '../writers/writer-watch.ts';

/** Undefined for a slice without tables. */
export function buildWritersView(watch: WriterWatch, slice: string): WritersView | undefined {
  const facts = watch.facts(slice);
  if (!facts) return undefined;
  const { inventory, owner, requiredMs, sides, writers, declared } = facts;
  const { answer, text, reasons } = evaluateWriters(facts);
  const { proxies, reporting } = watch.proxies(slice);
  return {
    ...{ slice, owner, answer, text, reasons: [...reasons], requiredMs },
    observing: inventory.since !== null,
    since: isoOf(inventory.since),
    readAt: isoOf(inventory.readAt),
    observedMs: Math.round(observedMs(facts)),
    unexplained: countUnexplained(facts),
    unlistedNotes: inventory.beyond,
    proxies: { listed: proxies, reporting },
    sides: sides.map(sideView),
    writers: writers.map((judged) => writerView(judged, declared)),
  };
}

/** Null for a slice without tables. */
export function summariseWriters(watch: WriterWatch, slice: string): WritersSummary | null {
  const facts = watch.facts(slice);
  if (!facts) return null;
  const unexplained = countUnexplained(facts);
  const observed = Math.round(observedMs(facts));
  const observing = facts.inventory.since !== null;
  return {
    ...{ answer: evaluateWriters(facts).answer, observing, observedMs: observed, unexplained },
    text: observing
      ? `${unexplained} unexplained, observed for ${formatDuration(observed)}`
      : `not observed${facts.writers.length > 0 ? ` now; ${unexplained} unexplained before` : ''}`,
  };
}

const countUnexplained = ({ writers }: WriterFacts): number =>
  writers.filter(({ verdict }) => !isExplained(verdict)).length;

const sideView = ({ side, mode, problem, gaps }: ObservedSide): WritersView['sides'][number] => ({
  ...{ side, mode: mode ?? null, problem: problem ?? null, gaps: [...gaps] },
});

function writerView(judged: JudgedWriter, declared: WriterFacts['declared']): WritersView['writers'][number] {
  const { entry, verdict } = judged;
  const { side, user, application, address, tables, statements, notes, sample } = entry;
  return {
    ...{ side, user, application, address, verdict, sample },
    explained: isExplained(verdict),
    text: explainWriter(judged, declared),
    declare: declareWriter(judged) ?? null,
    firstSeenAt: isoOf(entry.firstSeenAt)!,
    lastSeenAt: isoOf(entry.lastSeenAt)!,
    sessions: entry.sessions.length,
    tables: [...tables],
    statements: [...statements],
    notes: { ...notes },
  };
}

const isoOf = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
