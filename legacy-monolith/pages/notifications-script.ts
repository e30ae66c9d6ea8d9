/**
 * What every page of a customer runs: it asks the API for the notifications, as any other client, shows how many are unread,
 * and draws them in the inbox. Behind a proxy that moves this API to a service, the answer says which side gave it; the
 * page shows that. Without JavaScript the pages work as they are.
 */
export const notificationsScript = `
const SIDES = { legacy: 'the monolith', candidate: 'the notifications service' };

const byId = (id) => document.getElementById(id);

async function refresh() {
  const before = new URLSearchParams(location.search).get('before');
  const response = await fetch('/api/notifications?limit=25' + (before ? '&before=' + encodeURIComponent(before) : ''));
  if (!response.ok) return;
  const { items, unread } = await response.json();
  byId('unread').textContent = unread > 0 ? String(unread) : '';
  const side = SIDES[response.headers.get('x-ficus-side')];
  byId('answered-by').textContent = side ? 'Notifications come from ' + side + '.' : '';
  byId('inbox')?.replaceChildren(...items.map(draw));
}

function draw({ id, title, body, orderId, channel, read, createdAt }) {
  const item = element('li', { className: read ? 'card' : 'card unread' });
  const heading = element('strong');
  heading.append(orderId === null ? title : element('a', { href: '/orders/' + orderId, textContent: title }));
  const when = new Date(createdAt).toISOString();
  const time = element('time', { dateTime: when, textContent: when.slice(0, 10) + ' ' + when.slice(11, 16) });
  const small = element('span', { className: 'soft' });
  small.append(time, ' · by ' + channel);
  const text = element('div', { className: 'grow' });
  text.append(heading, element('p', { textContent: body }), small);
  item.append(text);
  if (!read) item.append(markReadButton(id));
  return item;
}

function markReadButton(id) {
  const button = element('button', { className: 'quiet', type: 'button', textContent: 'Mark read' });
  button.addEventListener('click', async () => {
    button.disabled = true;
    await fetch('/api/notifications/' + id + '/read', { method: 'POST' });
    await refresh();
  });
  return button;
}

const element = (name, properties = {}) => Object.assign(document.createElement(name), properties);

refresh();
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) refresh();
});
`;
