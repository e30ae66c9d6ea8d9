/** Whether the answers agree. */
import { ago, count, element, share } from './elements.js';

const VERDICTS = {
  match: 'both sides gave the same answer',
  mismatch: 'the answers differ, and neither lag nor a rule explains it',
  stale: 'differed at first, agreed once the change stream had caught up',
  noise: 'every difference is explained by a rule in ficus.yaml',
  inconclusive: 'neither a match nor a difference was proven',
  skipped: 'copied or answered, but not compared',
};

export function drawParity(parity, shadow, candidate) {
  const { counts, ratio, compared, reasons, expiredRules } = parity;
  const judged =
    ratio === null
      ? element('p', { class: 'big soft' }, 'nothing compared')
      : element(
          'p',
          { class: counts.mismatch > 0 ? 'big bad' : candidate.state === 'fails' ? 'big soft' : 'big good' },
          `${share(ratio)} agree`,
        );
  const why =
    ratio === null
      ? `Nothing compared is not parity. ${shadow.percent === 0 ? 'The shadow flag is at 0 %.' : 'Waiting for requests.'}`
      : `of ${count(compared)} comparisons, since ${ago(parity.since)}`;
  const chips = Object.entries(VERDICTS).map(([kind, means]) =>
    element(
      'li',
      {
        class:
          counts[kind] === 0 ? 'zero' : kind === 'mismatch' ? 'bad' : kind === 'match' ? 'good' : undefined,
        title: means,
      },
      `${kind} ${count(counts[kind])}`,
    ),
  );
  const lines = Object.entries(reasons)
    .slice(0, 6)
    .map(([reason, times]) => element('p', { class: 'soft' }, `${count(times)} × ${reason}`));
  if (expiredRules.length > 0)
    lines.push(
      element('p', { class: 'warn' }, `Expired rules, no longer applied: ${expiredRules.join('; ')}`),
    );
  return [
    element('h3', {}, 'Do the answers agree?'),
    judged,
    element('p', { class: 'soft' }, why),
    element('ul', { class: 'counts' }, ...chips),
    ...lines,
  ];
}
