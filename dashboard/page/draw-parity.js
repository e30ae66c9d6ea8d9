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
  const { counts, ratio, reasons, expiredRules, uncompared, earlier } = parity;
  const judged =
    ratio === null
      ? element('p', { class: 'big soft' }, 'nothing compared')
      : element('p', { class: `big ${judge(parity, candidate)}` }, `${share(ratio)} match`);
  const why =
    ratio === null
      ? `Nothing compared${ofVersion(parity.version)} is not parity. ${shadow.percent === 0 ? 'The shadow flag is at 0 %.' : 'Waiting for requests.'}`
      : describeEvidence(parity);
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
  if (ratio !== null && candidate.state === 'fails')
    lines.unshift(element('p', { class: 'bad' }, `The candidate ${candidate.failure}: this is from before.`));
  if (ratio !== null && uncompared.length > 0)
    lines.unshift(element('p', { class: 'warn' }, `Never compared: ${uncompared.join(', ')}`));
  return [
    element('h3', {}, 'Do the answers agree?'),
    judged,
    element('p', { class: 'soft' }, why),
    element('ul', { class: 'counts' }, ...chips),
    ...lines,
    ...earlier.map((found) => element('p', { class: 'soft' }, describeEarlier(found))),
  ];
}

/** Green only for what was compared, everywhere, with a candidate that answers. */
function judge({ counts, uncompared }, candidate) {
  if (counts.mismatch > 0) return 'bad';
  return uncompared.length > 0 || counts.noise > counts.match || candidate.state === 'fails'
    ? 'soft'
    : 'good';
}

/** Of how many, and how old. */
function describeEvidence({ compared, counts, since, lastComparedAt, version }) {
  const parts = [
    `of ${count(compared)} comparison${compared === 1 ? '' : 's'}${ofVersion(version)} since ${ago(since)}, the last ${ago(lastComparedAt)}`,
  ];
  if (counts.noise > 0) parts.push(`${count(counts.noise)} differ as rules explain`);
  if (counts.inconclusive > 0) parts.push(`${count(counts.inconclusive)} more proved nothing`);
  return parts.join(' · ');
}

/** It stays readable, and does not count as agreement. */
function describeEarlier({ version, compared, ratio, lastComparedAt }) {
  const of = version === null ? ' of an unknown version' : ofVersion(version);
  if (ratio === null) return `Earlier: nothing compared${of}`;
  return `Earlier, and no evidence any more: ${share(ratio)} of ${count(compared)} matched${of}, the last ${ago(lastComparedAt)}`;
}

const ofVersion = (version) => (version === null ? '' : ` with version ${version}`);
