/** What is said of a writer: its name, why it is explained or not, and the line that declares it. */
import { printable, type WriterConfig } from '@ficus/core';
import type { JudgedWriter } from './judge-writers.ts';
import type { WriterEntry } from './writer-inventory.ts';

/** Of so many it is not clear which one it was. */
const MOST_SUSPECTS = 3;

export function nameWriter({ user, application, address }: WriterEntry): string {
  const named = application === '' ? `user ${user}` : `${application} (user ${user})`;
  return printable(`${named} from ${address ?? 'a local socket'}`);
}

/** Why, in one or two sentences. */
export function explainWriter(judged: JudgedWriter, declared: readonly WriterConfig[]): string {
  const { entry, verdict, declaredBy } = judged;
  const entryName = `writers[${declaredBy}]`;
  const reason = declaredBy === undefined ? '' : (declared[declaredBy]?.reason ?? '');
  switch (verdict) {
    case 'proxied':
      return `${entryName}: ${reason}. Each write lay within a proxied one.`;
    case 'declared':
      return `${entryName}: ${reason}. After a cutover the fence refuses it.`;
    case 'undeclared':
      return 'No entry of `writers` matches it.';
    case 'outside':
      return `${entryName} (${reason}) wrote while no proxied write was under way, ${times(entry.notes.outside)}: ${suspect(entry)}`;
    case 'unjudged':
      return `${entryName} (${reason}) wrote ${times(entry.notes.unknown)} while a proxy had not reported when it writes.`;
    case 'unexpected':
      return `It wrote on the ${entry.side}, which does not own the slice: only the stream may write there.`;
  }
}

function suspect({ askedMeanwhile }: WriterEntry): string {
  if (askedMeanwhile === null)
    return 'a timer in that program, or a request that neither routes nor writtenBy names.';
  if (askedMeanwhile.length === 0)
    return 'no request was reported at those times, so probably a timer in that program.';
  if (askedMeanwhile.length > MOST_SUSPECTS)
    return 'a timer in that program, a read that writes, or a request that neither routes nor writtenBy names.';
  const asked = askedMeanwhile.join(', ');
  return `asked each time: ${asked}. If one of them writes, give it kind: write, or name it in writtenBy; otherwise a timer in that program.`;
}

const times = (count: number): string => (count === 1 ? 'once' : `${count} times`);

/** For `slices.NAME.writers`; the reason is for a person to write. Undefined where no entry could help. */
export function declareWriter({ entry, verdict }: JudgedWriter): string | undefined {
  if (verdict !== 'undeclared') return undefined;
  const { user, application, address, notes } = entry;
  const isPool = notes.inside > 0 && notes.outside === 0;
  const fields = [
    // A star would stand for any end.
    ...(application === '' || application.includes('*') ? [] : [`application: ${quoted(application)}`]),
    `user: ${quoted(user)}`,
    ...(application === '' && address !== null ? [`address: ${quoted(address)}`] : []),
    `via: ${isPool ? 'proxy' : 'other'}`,
    'reason: "…"',
  ];
  return `- { ${fields.join(', ')} }`;
}

/** A JSON string is one of YAML's. */
const quoted = (text: string): string => JSON.stringify(text);
