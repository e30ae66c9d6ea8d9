/** Which side serves: the share that the flag sets, and the share measured. */
import { count, duration, element, percent, table } from './elements.js';

export function drawShare({ flags, traffic }) {
  const measured = traffic.candidateSharePercent;
  const asked = flags.serve.percent;
  const sides = ['legacy', 'candidate'].map((side) => [
    element('span', { class: `key ${side}` }, side),
    count(traffic[side].requests),
    element('span', { class: traffic[side].failures > 0 ? 'bad' : undefined }, count(traffic[side].failures)),
    traffic[side].meanMs === null ? '–' : duration(traffic[side].meanMs),
  ]);
  const reasons = Object.entries(traffic.reasons).map(([reason, requests]) => `${reason} ${count(requests)}`);
  return [
    element('h3', {}, 'Who serves'),
    element(
      'p',
      { class: 'big' },
      measured !== null
        ? `${percent(measured)} candidate`
        : traffic.shareSeconds < 3
          ? 'measuring'
          : 'no traffic',
    ),
    element(
      'div',
      {
        class: measured === null ? 'bar empty' : 'bar',
        role: 'img',
        'aria-label': `candidate asked ${asked} %, measured ${measured ?? 'nothing'}`,
      },
      element('i', { width: `${measured ?? 0}%` }),
      asked === null ? null : element('b', { left: `${asked}%`, title: `asked: ${asked} %` }),
    ),
    element(
      'p',
      { class: 'soft' },
      `${asked === null ? '' : `flag at ${asked} % of users · `}measured over reads of the last ${traffic.shareSeconds} s`,
    ),
    table(['side', 'requests', 'failed', 'mean'], sides),
    reasons.length > 0 ? element('p', { class: 'soft' }, `why: ${reasons.join(', ')}`) : null,
  ];
}
