/**
 * The dashboard: queries the admin API once a second and shows the result, in the words of the documentation. Text goes
 * into the page as text, never as markup: it contains values of users.
 */

import { ago, count, element, setClock, table } from './elements.js';
import { drawCard } from './slice-card.js';

const EACH_MS = 1000;
/** A control plane that hangs gives no answer at all. */
const ANSWER_MS = 5000;
/** A refused token stays refused, and each question with it is a line in the control plane's log. */
const AFTER_REFUSAL_MS = 10_000;
/** What was shown before a longer pause (a hidden tab, a machine that slept) is old until it is asked for again. */
const PAUSE_MS = 5000;
const cards = new Map();
const page = (id) => document.getElementById(id);
/** When the data shown was asked for; undefined before the first answer. */
let lookedAt;
let wake = () => undefined;

async function ask(path, init = {}) {
  const token = sessionStorage.getItem('ficus-token');
  const headers = { ...init.headers, ...(token && { authorization: `Bearer ${token}` }) };
  const response = await fetch(path, { ...init, headers, signal: AbortSignal.timeout(ANSWER_MS) });
  setClock(response.headers.get('date'));
  const answer = await response.json();
  if (!response.ok)
    throw Object.assign(new Error(answer.detail ?? answer.title), { status: response.status });
  return answer;
}

const send = (path, body) =>
  ask(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-ficus-actor': 'dashboard' },
    body: JSON.stringify(body),
  }).catch((error) => {
    if (error.status) throw error;
    throw new Error('The control plane does not answer. It may still make the change.');
  });

async function look() {
  const askedAt = Date.now();
  const [{ slices }, { proxies }, audit] = await Promise.all([
    ask('/api/v1/slices'),
    ask('/api/v1/proxies'),
    // Alone of these it is in the control database, which may be away.
    ask('/api/v1/audit?limit=10').catch((error) => {
      if (isRefusal(error)) throw error;
      return error;
    }),
  ]);
  lookedAt = askedAt;
  page('login').hidden = true;
  page('below').hidden = false;
  document.body.classList.remove('stale');
  showSummary(slices, proxies);
  for (const slice of slices) showSlice(slice);
  dropOthers(slices);
  page('none').hidden = slices.length > 0;
  page('proxies').replaceChildren(proxyTable(proxies));
  page('audit').replaceChildren(
    audit instanceof Error
      ? element('p', { class: 'bad' }, describeFailure(audit))
      : auditTable(audit.entries),
  );
}

/** Of forty slices the one in trouble may be far down the page. */
const namesOf = (slices) =>
  slices.flatMap(({ name }, at) => [at === 0 ? '' : ', ', element('a', { href: `#slice-${name}` }, name)]);

function showSummary(slices, proxies) {
  const copying = slices.filter(
    ({ replication }) => replication && !replication.problem && !replication.copied,
  );
  const unhealthy = slices.filter(
    ({ replication }) => replication && (replication.problem || (replication.copied && !replication.healthy)),
  );
  const differing = slices.filter(({ parity }) => parity.counts.mismatch > 0);
  const failing = slices.filter(({ candidate }) => candidate.state === 'fails');
  // The same for every slice.
  const legacy = slices.find(({ legacy }) => legacy.text !== null)?.legacy.text;
  const older = proxies.filter(({ configRefused }) => configRefused);
  const says = [`${count(slices.length)} slice${slices.length === 1 ? '' : 's'}`];
  says.push(
    proxies.length === 0 ? 'no proxy reports' : `${proxies.length} prox${proxies.length === 1 ? 'y' : 'ies'}`,
  );
  if (legacy) says.push(legacy.replace(/\.$/, ''));
  if (copying.length > 0) says.push(['first copy of ', ...namesOf(copying), ' in progress']);
  for (const slice of failing)
    says.push(['the candidate of ', ...namesOf([slice]), ` ${slice.candidate.failure}`]);
  if (unhealthy.length > 0) says.push(['the stream of ', ...namesOf(unhealthy), ' is unhealthy']);
  if (differing.length > 0) says.push(['answers differ in ', ...namesOf(differing)]);
  if (older.length > 0) says.push(`${count(older.length)} of the proxies with an older config`);
  const isBad = legacy || [failing, unhealthy, differing, older].some(({ length }) => length > 0);
  announce(
    says.flatMap((part, at) => [at === 0 ? '' : ' · ', part].flat()),
    Boolean(isBad),
  );
}

/** A screen reader reads each change aloud. */
function announce(parts, isBad) {
  const summary = page('summary');
  const said = element('p', {}, ...parts);
  if (summary.textContent !== said.textContent) summary.replaceChildren(...said.childNodes);
  summary.classList.toggle('bad', isBad);
}

function showSlice(slice) {
  let card = cards.get(slice.name);
  if (!card) {
    card = {
      lags: [],
      drawn: new Map(),
      element: element('article', { class: 'card', id: `slice-${slice.name}`, 'aria-label': slice.name }),
    };
    cards.set(slice.name, card);
    page('slices').append(card.element);
  }
  drawCard(card, slice, send);
}

/** The config may lose a slice while the page is open. */
function dropOthers(slices) {
  const names = new Set(slices.map(({ name }) => name));
  for (const [name, card] of cards) {
    if (names.has(name)) continue;
    card.element.remove();
    cards.delete(name);
  }
}

function proxyTable(proxies) {
  if (proxies.length === 0)
    return element(
      'p',
      { class: 'soft' },
      'No proxy has reported within the last minute. Proxies without traffic report nothing.',
    );
  return table(
    ['proxy', 'workers', 'config', 'last report'],
    proxies.map(({ proxyId, name, workers, configRefused, lastReportAt }) => [
      element('span', { title: proxyId }, name ?? proxyId),
      count(workers),
      configRefused ? element('span', { class: 'bad' }, describeRefused(configRefused)) : 'as in its file',
      ago(lastReportAt),
    ]),
  );
}

function describeRefused({ since, count: all, problems, needsRestart }) {
  const [{ path, message } = { path: '', message: '' }] = problems;
  const more = all > 1 ? `, and ${all - 1} more` : '';
  const what = needsRestart ? `changed ${ago(since)}, waits for a restart` : `refused ${ago(since)}`;
  return `${what}: ${path} ${message}${more}`;
}

function auditTable(entries) {
  if (entries.length === 0) return element('p', { class: 'soft' }, 'No changes yet.');
  const value = (content) => {
    if (content === null) return '';
    if (content.percent !== undefined) return `${content.percent} %`;
    if (content.observing !== undefined) return content.observing ? 'observed' : 'not observed';
    return JSON.stringify(content);
  };
  return table(
    ['when', 'who', 'slice', 'what', 'from', 'to', 'why'],
    entries.map(({ at, actor, slice, action, was, became, reason, outcome }) => [
      ago(at),
      actor,
      slice ?? '',
      action,
      action === 'parity-reset' ? '' : value(was),
      outcome === 'made' ? value(became) : `${value(became)} (${outcome})`.trim(),
      reason,
    ]),
  );
}

const isRefusal = ({ status }) => status === 401 || status === 403;

const describeFailure = ({ status, message }) => (status ? message : 'The control plane does not answer.');

/** What is shown stays, as what it was. */
function showOld(what) {
  const isDrawn = lookedAt !== undefined;
  document.body.classList.toggle('stale', isDrawn);
  // The lags of before do not join those of afterwards.
  for (const card of cards.values()) card.lags = [];
  const age = isDrawn ? ` The data below is of ${new Date(lookedAt).toLocaleString()}.` : '';
  announce([what, age], true);
}

async function keepLooking() {
  for (;;) {
    let pauseMs = EACH_MS;
    try {
      if (!document.hidden) await look();
    } catch (error) {
      if (isRefusal(error)) {
        page('login').hidden = false;
        pauseMs = AFTER_REFUSAL_MS;
      }
      showOld(describeFailure(error));
    }
    await new Promise((resolve) => {
      wake = resolve;
      setTimeout(resolve, pauseMs);
    });
  }
}

page('login').addEventListener('submit', (event) => {
  event.preventDefault();
  sessionStorage.setItem('ficus-token', page('token').value);
  wake();
});
document.addEventListener('visibilitychange', () => {
  if (document.hidden) return;
  if (lookedAt !== undefined && Date.now() - lookedAt > PAUSE_MS) showOld('Asking the control plane …');
  wake();
});
keepLooking();
