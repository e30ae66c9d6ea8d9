/** One slice: its stage, which side serves, whether the answers agree, whether the data keeps up. */

import { drawBack } from './draw-back.js';
import { drawData, KEPT_LAGS } from './draw-data.js';
import { drawDifferences } from './draw-differences.js';
import { drawParity } from './draw-parity.js';
import { drawReset } from './draw-reset.js';
import { drawShare } from './draw-share.js';
import { drawHead, drawStage } from './draw-stage.js';
import { element } from './elements.js';

/** Redraws sections that show an age every ten seconds. */
const tenSeconds = () => Math.floor(Date.now() / 10_000);

/** Draws what has changed since the last time; open sections stay open. */
export function drawCard(card, slice, send) {
  if (slice.replication) card.lags = [...card.lags, slice.replication.lagMs].slice(-KEPT_LAGS);
  const { name, team, owner, epoch, routes, tables } = slice;
  section(card, 'head', [name, team, owner, epoch, routes.length, tables.length], () => drawHead(slice));
  section(
    card,
    'stage',
    [slice.stage, slice.flags, tables, slice.legacy.text, slice.candidate.text, tenSeconds()],
    () => drawStage(slice),
  );
  const parts = part(card);
  section(card, 'share', [slice.flags.serve, slice.traffic, tables.length], () => drawShare(slice), parts);
  section(
    card,
    'parity',
    [
      slice.parity.counts,
      slice.parity.reasons,
      slice.parity.uncompared,
      slice.parity.version,
      slice.parity.earlier,
      slice.candidate.failure,
      slice.flags.shadow.percent,
      tenSeconds(),
    ],
    () => drawParity(slice.parity, slice.flags.shadow, slice.candidate),
    parts,
  );
  section(card, 'data', [slice.replication, card.lags], () => drawData(slice.replication, card.lags), parts);
  // An open one stays: under load the newest would push it off the page within a second.
  if (!card.open?.size)
    section(
      card,
      'differences',
      [slice.parity.samples, slice.parity.differingPaths],
      () => drawDifferences(card, slice.parity),
      parts,
      'wide',
    );
  section(card, 'verify', [slice.verify, slice.rollback, tenSeconds()], () => drawBack(slice), parts, 'wide');
  // Drawn once: a reader may be typing in it.
  section(card, 'reset', name, () => drawReset(name, send), parts, 'wide');
}

function part(card) {
  card.parts ??= element('div', { class: 'parts' });
  return card.parts;
}

function section(card, name, facts, draw, parent = card.element, css = undefined) {
  const text = JSON.stringify(facts);
  let drawn = card.drawn.get(name);
  if (!drawn) {
    drawn = { place: element('section', { class: css }) };
    card.drawn.set(name, drawn);
    parent.append(drawn.place);
    if (parent === card.parts && !card.parts.isConnected) card.element.append(card.parts);
  }
  // A redraw would take the focus from a reader who uses the keyboard.
  if (drawn.text === text || drawn.place.querySelector(':focus-visible')) return;
  drawn.text = text;
  drawn.place.replaceChildren(...[draw()].flat().filter(Boolean));
}
