/** Which side serves: the share that the flag sets, and the share measured. */
import { count, duration, element, percent, plural, table } from './elements.js';

export function drawShare({ flags, traffic, tables }) {
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
    element('p', { class: 'big' }, measured === null ? traffic.unmeasured : `${percent(measured)} candidate`),
    element(
      'div',
      {
        class: measured === null ? 'bar empty' : 'bar',
        role: 'img',
        'aria-label': `candidate ${asked === null ? 'asked by cohorts, or unknown' : `asked ${asked} %`}, ${measured === null ? traffic.unmeasured : `measured ${percent(measured)}`}`,
      },
      element('i', { width: `${measured ?? 0}%` }),
      asked === null ? null : element('b', { left: `${asked}%`, title: `asked: ${asked} %` }),
    ),
    element(
      'p',
      { class: 'soft' },
      [
        ...(asked === null ? [] : [`flag at ${asked} % of users`]),
        ...(measured === null ? [] : [`measured over ${describeMeasured(traffic, tables)}`]),
      ].join(' · '),
    ),
    table([`last ${traffic.windowSeconds} s`, 'requests', 'failed', 'mean'], sides),
    reasons.length > 0 ? element('p', { class: 'soft' }, `why: ${reasons.join(', ')}`) : null,
    traffic.outsideRequests > 0
      ? element(
          'p',
          { class: 'soft' },
          `${plural(traffic.outsideRequests, 'request')} matched no route of any slice`,
        )
      : null,
  ];
}

/** Without tables the flag decides writes, too. */
function describeMeasured({ measuredRequests, shareSeconds }, tables) {
  return `${plural(measuredRequests, tables.length === 0 ? 'request' : 'read')} of the last ${shareSeconds} s`;
}
