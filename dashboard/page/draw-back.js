/** The way back, and the last comparison of both databases. */
import { ago, count, element, plural } from './elements.js';

export function drawBack({ rollback, verify, name, tables }) {
  const css = { pass: 'good', fail: 'bad', 'insufficient evidence': 'warn' }[rollback.answer];
  return [
    element('h3', {}, 'The way back'),
    element('p', {}, element('strong', { class: css }, rollback.answer), ` – ${rollback.text}`),
    tables.length === 0
      ? null
      : element('p', { class: VERDICT_CLASSES[verify?.verdict] ?? 'soft' }, describeVerify(verify, name)),
  ];
}

/** Beside a way back that passes, too: the two databases are another question. */
const VERDICT_CLASSES = { mismatch: 'bad', inconclusive: 'warn' };

function describeVerify(verify, name) {
  if (!verify) return `Both databases were never compared: ficus verify ${name}`;
  const { state, rowsCompared, rowsTotal, verdict, reason, problem, finishedAt, mode } = verify;
  if (state === 'running')
    return `Comparing both databases: ${count(rowsCompared)} of about ${count(rowsTotal)} rows`;
  if (state === 'failed')
    return `Both databases could not be compared: ${problem?.message ?? 'unknown reason'}`;
  const says = { match: 'equal', mismatch: 'NOT equal', inconclusive: `inconclusive (${reason})` }[verdict];
  const drawn = { full: '', changed: ', changed rows only', sample: ', a random sample' }[mode];
  const earlier = verify.ofEarlierVersion
    ? `, with version ${verify.version ?? 'unknown'} of the candidate, which has another one now`
    : '';
  const rowsTarget = verify.tables.reduce((sum, table) => sum + table.rowsTarget, 0);
  const rows = `${plural(rowsCompared, 'row')} of the legacy and ${count(rowsTarget)} of the candidate`;
  return `Both databases compared ${ago(finishedAt)}: ${says}, ${rows}${drawn}${earlier}`;
}
