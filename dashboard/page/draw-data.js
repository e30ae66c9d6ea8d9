/** Whether the data keeps up. */
import { bytes, count, duration, element, sparkline } from './elements.js';

/** How many readings of the lag the page keeps: a minute's. */
export const KEPT_LAGS = 60;

export function drawData(replication, lags) {
  const title = element('h3', {}, 'Does the data keep up?');
  if (!replication)
    return [
      title,
      element('p', { class: 'soft' }, 'This slice has no tables: there is no data to keep in step.'),
    ];
  const { state, lagMs, lagBytes, healthy, reason, problem, copy, copied, rowsApplied, slot } = replication;
  const parts = [title];
  if (problem)
    parts.push(
      element(
        'div',
        { class: 'problem' },
        element('p', { class: 'bad' }, problem.message),
        element('p', {}, element('strong', {}, 'What to do: '), problem.remedy),
        element('p', { class: 'soft' }, problem.code),
      ),
    );
  else
    parts.push(
      element(
        'p',
        { class: healthy ? 'big good' : 'big warn' },
        healthy ? `${duration(lagMs)} behind` : state,
      ),
      healthy ? null : element('p', { class: 'warn' }, reason),
    );
  if (copy && !copied) {
    const done = copy.percent;
    const left = copy.timeLeftMs === null ? '' : `, ${duration(copy.timeLeftMs)} left`;
    parts.push(
      element(
        'div',
        {
          class: 'bar copy',
          role: 'progressbar',
          'aria-valuenow': Math.round(done),
          'aria-label': 'first copy',
        },
        element('i', { width: `${done}%` }),
      ),
      element(
        'p',
        { class: 'soft' },
        `first copy: ${count(copy.rowsCopied)} of about ${count(copy.rowsTotal)} rows, ${count(Math.round(copy.rowsPerSecond))} a second${left}`,
      ),
    );
  }
  // The page keeps its own readings: at first, and after a pause, less than a minute of them.
  const span = lags.length < KEPT_LAGS ? 'since this page began to ask' : 'over the last minute';
  if (copied && !problem)
    parts.push(
      sparkline(lags, `lag ${span}`),
      element(
        'p',
        { class: 'soft' },
        `lag ${span}, at most ${duration(Math.max(0, ...lags))} · ${lagBytes === null ? 'unknown' : bytes(lagBytes)} of WAL to go`,
      ),
    );
  if (slot) parts.push(drawSlot(slot));
  parts.push(
    element(
      'p',
      { class: 'soft' },
      `${state} · ${count(rowsApplied)} rows applied${copied ? ' · first copy complete' : ''}`,
    ),
  );
  return parts;
}

/** The legacy's database keeps WAL for the stream: a little is fine, a lot endangers that database. */
function drawSlot({ walStatus, retainedBytes, roomBytes }) {
  const danger = walStatus === 'unreserved' || walStatus === 'lost';
  const room = roomBytes === null ? '' : `, ${bytes(roomBytes)} until the slot is lost`;
  return element(
    'p',
    { class: danger ? 'warn' : 'soft' },
    `the legacy’s database keeps ${bytes(retainedBytes)} of WAL for the stream${room}`,
  );
}
