/** One slice: where it stands, who serves, whether the answers agree, whether the data keeps up. */
import { ago, bytes, count, duration, element, percent, share, sparkline, table } from './elements.js';

const STAGES = {
  legacy: 'The legacy serves everything; nothing is compared.',
  shadow:
    'The legacy serves everything. Requests are copied to the candidate, and the two answers are compared; users notice nothing.',
  canary: 'The candidate serves a share of the users’ reads. Writes go to the legacy.',
  live: 'The candidate serves all reads. Writes still go to the legacy, which owns the data.',
  cutover: 'The candidate owns the data and takes the writes.',
  retired: 'The way back has been ended; the legacy’s code for this can go.',
};
const KEPT_LAGS = 60;
/** Makes sections that tell an age be drawn again now and then. */
const tenSeconds = () => Math.floor(Date.now() / 10_000);

/** Draws what has changed since the last time; what is open stays open. */
export function drawCard(card, slice) {
  if (slice.replication) card.lags = [...card.lags, slice.replication.lagMs].slice(-KEPT_LAGS);
  section(card, 'head', [slice.name, slice.team, slice.owner, slice.epoch], () => drawHead(slice));
  section(card, 'stage', [slice.stage, slice.flags], () => drawStage(slice));
  const parts = part(card);
  section(card, 'share', [slice.flags.serve, slice.traffic], () => drawShare(slice), parts);
  section(
    card,
    'parity',
    [slice.parity.counts, slice.parity.reasons, slice.flags.shadow.percent, tenSeconds()],
    () => drawParity(slice.parity, slice.flags.shadow),
    parts,
  );
  section(card, 'data', [slice.replication, card.lags], () => drawData(slice.replication, card.lags), parts);
  // While somebody reads one it stays: under load the newest would push it off the page within a second.
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
  if (drawn.text === text) return;
  drawn.text = text;
  drawn.place.replaceChildren(...[draw()].flat().filter(Boolean));
}

function drawHead({ name, team, owner, epoch, routes, tables }) {
  const makesUp = `${count(routes.length)} route${routes.length === 1 ? '' : 's'}, ${tables.length === 0 ? 'no tables' : `${count(tables.length)} table${tables.length === 1 ? '' : 's'}`}`;
  return element(
    'div',
    { class: 'head' },
    element('h2', {}, name),
    element(
      'span',
      { class: 'soft' },
      [team && `team ${team}`, makesUp, `data owned by the ${owner}`, `epoch ${epoch}`]
        .filter(Boolean)
        .join(' · '),
    ),
  );
}

function drawStage({ stage, flags }) {
  const names = Object.keys(STAGES);
  const at = names.indexOf(stage);
  const steps = names.map((name, index) =>
    element(
      'li',
      {
        class: index < at ? 'done' : index === at ? 'now' : undefined,
        title: STAGES[name],
        'aria-current': index === at ? 'step' : undefined,
      },
      name,
    ),
  );
  const share = ({ percent: asked }) => (asked === null ? 'by cohorts, or not known' : `${asked} %`);
  const kept = flags.provider === 'builtin' ? '' : ` Kept in: ${flags.provider}.`;
  const asked = `Flags: serve ${share(flags.serve)}, shadow ${share(flags.shadow)}.${kept}`;
  return [
    element('ol', { class: 'stepper', 'aria-label': 'stage' }, ...steps),
    element('p', { class: 'now-means' }, STAGES[stage], ' ', element('span', { class: 'soft' }, asked)),
  ];
}

function drawShare({ flags, traffic }) {
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
      `${asked === null ? '' : `asked for ${asked} % of users · `}measured over reads of the last ${traffic.shareSeconds} s`,
    ),
    table(['side', 'requests', 'failed', 'mean'], sides),
    reasons.length > 0 ? element('p', { class: 'soft' }, `why: ${reasons.join(', ')}`) : null,
  ];
}

const VERDICTS = {
  match: 'both sides gave the same answer',
  mismatch: 'the answers differ, and neither lag nor a rule explains it',
  stale: 'differed at first, agreed once the change stream had caught up',
  noise: 'every difference is explained by a rule in ficus.yaml',
  inconclusive: 'could not be judged',
  skipped: 'copied or answered, but not compared',
};

function drawParity(parity, shadow) {
  const { counts, ratio, compared, reasons, expiredRules } = parity;
  const judged =
    ratio === null
      ? element('p', { class: 'big soft' }, 'nothing compared')
      : element('p', { class: counts.mismatch > 0 ? 'big bad' : 'big good' }, `${share(ratio)} agree`);
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
      element(
        'p',
        { class: 'warn' },
        `Expired rules, which explain nothing any more: ${expiredRules.join('; ')}`,
      ),
    );
  return [
    element('h3', {}, 'Do the answers agree?'),
    judged,
    element('p', { class: 'soft' }, why),
    element('ul', { class: 'counts' }, ...chips),
    ...lines,
  ];
}

function drawData(replication, lags) {
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
  // The page keeps what it has seen itself: at first that is less than a minute.
  const span = lags.length < KEPT_LAGS ? 'since this page was opened' : 'over the last minute';
  if (copied && !problem)
    parts.push(
      sparkline(lags, `lag ${span}`),
      element(
        'p',
        { class: 'soft' },
        `lag ${span}, at most ${duration(Math.max(0, ...lags))} · ${bytes(lagBytes)} of WAL to go`,
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

/** The legacy's database keeps WAL for the stream: fine while it is little, a danger to that database when it is not. */
function drawSlot({ walStatus, retainedBytes, roomBytes }) {
  const danger = walStatus === 'unreserved' || walStatus === 'lost';
  const room = roomBytes === null ? '' : `, ${bytes(roomBytes)} until the slot is lost`;
  return element(
    'p',
    { class: danger ? 'warn' : 'soft' },
    `the legacy’s database keeps ${bytes(retainedBytes)} of WAL for it${room}`,
  );
}

function drawDifferences(card, { samples, differingPaths }) {
  if (samples.length === 0) return [];
  card.open ??= new Set();
  const paths = differingPaths
    .slice(0, 8)
    .map(({ route, path, count: times }) => [route, element('code', {}, path), count(times)]);
  return [
    element('h3', { class: 'bad' }, 'Where they differ'),
    table(['route', 'place', 'times'], paths),
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
            `Expired rules would have explained some of it: ${sample.expiredRules.join('; ')}`,
          )
        : null,
      ...['legacy', 'candidate'].flatMap((side) => [
        element('p', { class: 'soft' }, `Ask the ${side} the same `, copyButton(sample.curl[side])),
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

/** Browsers have no clipboard for pages that came unencrypted from another machine; the text is there to be marked. */
function copyButton(text) {
  if (!navigator.clipboard) return null;
  return element('button', { type: 'button', onclick: () => navigator.clipboard.writeText(text) }, 'copy');
}

function drawBack({ rollback, verify, name, tables }) {
  const css = { pass: 'good', fail: 'bad', 'insufficient evidence': 'warn' }[rollback.answer];
  return [
    element('h3', {}, 'The way back'),
    element('p', {}, element('strong', { class: css }, rollback.answer), ` – ${rollback.text}`),
    tables.length === 0 ? null : element('p', { class: 'soft' }, describeVerify(verify, name)),
  ];
}

function describeVerify(verify, name) {
  if (!verify) return `Both databases were not compared since the start: ficus verify ${name}`;
  const { state, rowsCompared, rowsTotal, verdict, reason, problem, finishedAt, mode } = verify;
  if (state === 'running')
    return `Comparing both databases: ${count(rowsCompared)} of about ${count(rowsTotal)} rows`;
  if (state === 'failed')
    return `Both databases could not be compared: ${problem?.message ?? 'unknown reason'}`;
  const says = { match: 'equal', mismatch: 'NOT equal', inconclusive: `inconclusive (${reason})` }[verdict];
  const drawn = { full: '', changed: ', those that changed', sample: ', drawn at random' }[mode];
  return `Both databases compared ${ago(finishedAt)}: ${says}, ${count(rowsCompared)} rows${drawn}`;
}
