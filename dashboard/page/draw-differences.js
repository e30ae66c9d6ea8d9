/** Where the answers differ, with requests to repeat. */
import { count, element, table } from './elements.js';

export function drawDifferences(card, { samples, differingPaths }) {
  if (samples.length === 0) return [];
  card.open ??= new Set();
  const paths = differingPaths
    .slice(0, 8)
    .map(({ route, path, count: times }) => [route, element('code', {}, path), count(times)]);
  return [
    element('h3', { class: 'bad' }, 'Where they differ'),
    table(['route', 'place', 'times'], paths),
    element(
      'p',
      { class: 'soft' },
      'Values in ‹…› are stand-ins of the same shape; parity.samples.allow shows places that hold no data of people.',
    ),
    ...samples.slice(0, 5).map((sample) => drawSample(card, sample)),
  ];
}

function drawSample(card, sample) {
  const key = sample.requestId + sample.at;
  const details = element(
    'details',
    { open: card.open.has(key) },
    element(
      'summary',
      {},
      element('code', {}, sample.request),
      ` ${sample.route}, at ${new Date(sample.at).toLocaleTimeString()}`,
    ),
    element(
      'div',
      {},
      table(
        ['place', 'legacy', 'candidate'],
        sample.differences.map(({ path, legacy, candidate }) =>
          [path, legacy, candidate].map((text) => element('code', {}, text)),
        ),
      ),
      sample.expiredRules.length > 0
        ? element(
            'p',
            { class: 'warn' },
            `Expired rules would have explained part of it: ${sample.expiredRules.join('; ')}`,
          )
        : null,
      ...['legacy', 'candidate'].flatMap((side) => [
        element('p', { class: 'soft' }, `Ask the ${side} the same `, copyButton(sample.curl[side], side)),
        element('pre', {}, sample.curl[side]),
      ]),
      element(
        'p',
        { class: 'soft' },
        `request ${sample.requestId}${sample.traceId ? `, trace ${sample.traceId}` : ''}`,
      ),
    ),
  );
  details.addEventListener('toggle', () => (details.open ? card.open.add(key) : card.open.delete(key)));
  return details;
}

/** Browsers give no clipboard to pages that came unencrypted from another machine; the text can be selected. */
function copyButton(text, side) {
  if (!navigator.clipboard) return null;
  const button = element('button', { type: 'button', onclick: copy }, 'copy', unseen(` for the ${side}`));
  function copy() {
    navigator.clipboard.writeText(text).then(
      () => button.replaceChildren('copied'),
      () => button.replaceChildren('not allowed: select the text'),
    );
  }
  return button;
}

/** For screen readers: beside the text that everybody else sees, it is plain what is meant. */
const unseen = (text) => element('span', { class: 'unseen' }, text);
