/**
 * The dashboard: queries the admin API once a second and shows the result, in the words of the documentation. Text goes
 * into the page as text, never as markup: it contains values of users.
 */

import { ago, count, element, table } from './elements.js';
import { drawCard } from './slice-card.js';

const EACH_MS = 1000;
const cards = new Map();
const page = (id) => document.getElementById(id);

async function ask(path, init = {}) {
  const token = sessionStorage.getItem('ficus-token');
  const headers = { ...init.headers, ...(token && { authorization: `Bearer ${token}` }) };
  const response = await fetch(path, { ...init, headers });
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
  });

async function look() {
  const [{ slices }, { proxies }, { entries }] = await Promise.all([
    ask('/api/v1/slices'),
    ask('/api/v1/proxies'),
    ask('/api/v1/audit?limit=10'),
  ]);
  page('login').hidden = true;
  page('below').hidden = false;
  document.body.classList.remove('stale');
  showSummary(slices, proxies);
  for (const slice of slices) showSlice(slice);
  dropOthers(slices);
  page('none').hidden = slices.length > 0;
  page('proxies').replaceChildren(proxyTable(proxies));
  page('audit').replaceChildren(auditTable(entries));
}

const namesOf = (slices) => slices.map(({ name }) => name).join(', ');

function showSummary(slices, proxies) {
  const copying = slices.filter(
    ({ replication }) => replication && !replication.problem && !replication.copied,
  );
  const unhealthy = slices.filter(
    ({ replication }) => replication && (replication.problem || (replication.copied && !replication.healthy)),
  );
  const differing = slices.filter(({ parity }) => parity.counts.mismatch > 0);
  const failing = slices.filter(({ candidate }) => candidate.state === 'fails');
  const says = [`${count(slices.length)} slice${slices.length === 1 ? '' : 's'}`];
  says.push(
    proxies.length === 0 ? 'no proxy reports' : `${proxies.length} prox${proxies.length === 1 ? 'y' : 'ies'}`,
  );
  if (copying.length > 0) says.push(`first copy of ${namesOf(copying)} in progress`);
  for (const { name, candidate } of failing) says.push(`the candidate of ${name} ${candidate.failure}`);
  if (unhealthy.length > 0) says.push(`the stream of ${namesOf(unhealthy)} is unhealthy`);
  if (differing.length > 0) says.push(`answers differ in ${namesOf(differing)}`);
  page('summary').textContent = says.join(' · ');
  page('summary').classList.toggle('bad', failing.length + unhealthy.length + differing.length > 0);
}

function showSlice(slice) {
  let card = cards.get(slice.name);
  if (!card) {
    card = {
      lags: [],
      drawn: new Map(),
      element: element('article', { class: 'card', id: `slice-${slice.name}` }),
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
    ['proxy', 'workers', 'last report'],
    proxies.map(({ proxyId, name, workers, lastReportAt }) => [
      element('span', { title: proxyId }, name ?? proxyId),
      count(workers),
      ago(lastReportAt),
    ]),
  );
}

function auditTable(entries) {
  if (entries.length === 0) return element('p', { class: 'soft' }, 'No changes yet.');
  const value = (content) =>
    content === null ? '' : content.percent === undefined ? JSON.stringify(content) : `${content.percent} %`;
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

async function keepLooking() {
  for (;;) {
    try {
      if (!document.hidden) await look();
    } catch (error) {
      document.body.classList.add('stale');
      page('summary').classList.add('bad');
      const refused = error.status === 401 || error.status === 403;
      page('login').hidden = !refused;
      page('summary').textContent = error.status
        ? error.message
        : 'The control plane does not answer. The data below is old.';
    }
    await new Promise((resolve) => setTimeout(resolve, EACH_MS));
  }
}

page('login').addEventListener('submit', (event) => {
  event.preventDefault();
  sessionStorage.setItem('ficus-token', page('token').value);
});
keepLooking();
