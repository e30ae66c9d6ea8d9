/** The way back, and the last comparison of both databases. */
import { ago, count, element } from './elements.js';

export function drawBack({ rollback, verify, name, tables }) {
  const css = { pass: 'good', fail: 'bad', 'insufficient evidence': 'warn' }[rollback.answer];
  return [
    element('h3', {}, 'The way back'),
    element('p', {}, element('strong', { class: css }, rollback.answer), ` – ${rollback.text}`),
    tables.length === 0 ? null : element('p', { class: 'soft' }, describeVerify(verify, name)),
  ];
}

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
  return `Both databases compared ${ago(finishedAt)}: ${says}, ${count(rowsCompared)} rows${drawn}${earlier}`;
}
