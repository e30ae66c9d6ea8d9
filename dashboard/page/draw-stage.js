/** Which slice it is, and its stage. */
import { count, duration, element, since } from './elements.js';

const STAGES = {
  legacy: 'The legacy serves everything; nothing is compared.',
  shadow:
    'The legacy serves everything. Requests are copied to the candidate, and the two answers are compared; users notice nothing.',
  canary: 'The flag gives the candidate a share of the users’ reads. Writes go to the legacy.',
  live: 'The flag gives the candidate all reads. Writes still go to the legacy, which owns the data.',
  cutover: 'The candidate owns the data and takes the writes.',
  retired: 'There is no way back; the legacy’s code for this slice can be deleted.',
};

/** Without tables no database owns the writes: they move with the reads. */
const STAGES_WITHOUT_TABLES = {
  ...STAGES,
  canary: 'The flag gives the candidate a share of the users: their reads and their writes.',
  live: 'The flag gives the candidate all requests, writes included.',
};

export function drawHead({ name, team, owner, epoch, routes, tables }) {
  const makesUp = `${count(routes.length)} route${routes.length === 1 ? '' : 's'}, ${tables.length === 0 ? 'no tables' : `${count(tables.length)} table${tables.length === 1 ? '' : 's'}`}`;
  return element(
    'div',
    { class: 'head' },
    element('h2', {}, name),
    element(
      'span',
      { class: 'soft' },
      [team && `team ${team}`, makesUp, ...describeOwner(owner, epoch)].filter(Boolean).join(' · '),
    ),
  );
}

const describeOwner = (owner, epoch) =>
  owner === null ? ['writes move with the serve flag'] : [`data owned by the ${owner}`, `epoch ${epoch}`];

export function drawStage({ stage, flags, tables, legacy, candidate }) {
  const means = tables.length === 0 ? STAGES_WITHOUT_TABLES : STAGES;
  const names = Object.keys(STAGES);
  const at = names.indexOf(stage);
  const steps = names.map((name, index) =>
    element(
      'li',
      {
        class: index < at ? 'done' : index === at ? 'now' : undefined,
        title: means[name],
        'aria-current': index === at ? 'step' : undefined,
      },
      name,
    ),
  );
  const share = ({ percent: asked }) => (asked === null ? 'by cohorts, or unknown' : `${asked} %`);
  const kept = flags.provider === 'builtin' ? '' : ` Kept in: ${flags.provider}.`;
  const asked = `Flags: serve ${share(flags.serve)}, shadow ${share(flags.shadow)}.${kept}`;
  return [
    element('ol', { class: 'stepper', 'aria-label': 'stage' }, ...steps),
    element('p', { class: 'now-means' }, means[stage], ' ', element('span', { class: 'soft' }, asked)),
    legacy.text === null ? null : element('p', { class: 'bad' }, legacy.text),
    candidate.text === null
      ? null
      : element(
          'p',
          { class: 'bad' },
          `${candidate.text} Failing for ${duration(since(candidate.failingSince))}.`,
        ),
  ];
}
