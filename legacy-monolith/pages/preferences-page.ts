/** /preferences: the notification preferences as a form. */

import type { FastifyInstance } from 'fastify';
import { CHANNELS, KINDS, type Preferences } from '../notifications/preferences.ts';
import { type Html, html } from './html.ts';
import type { OwnNotifications } from './own-notifications.ts';
import { requireVisitor, seeOther, sendPage } from './page-context.ts';

/** Fields of an HTML form: absent, once, or several times. */
type FormFields = Readonly<Record<string, string | readonly string[] | undefined>>;

const TIME_OF_DAY = /^([01]\d|2[0-3]):[0-5]\d$/;

export function preferencesPage(app: FastifyInstance, notifications: OwnNotifications): void {
  app.get('/preferences', async (request, reply) => {
    requireVisitor(request);
    return sendPage(request, reply, 'Preferences', form(await notifications.preferences(request)));
  });

  app.post<{ Body: FormFields | undefined }>('/preferences', async (request, reply) => {
    requireVisitor(request);
    const fields = request.body ?? {};
    const chosen = new Set(values(fields.channel));
    const wanted = new Set(values(fields.kind));
    const [from, to] = [values(fields.quietFrom)[0] ?? '', values(fields.quietTo)[0] ?? ''];
    await notifications.savePreferences(request, {
      channels: {
        email: chosen.has('email'),
        sms: chosen.has('sms'),
        push: chosen.has('push'),
        web: chosen.has('web'),
      },
      mutedKinds: KINDS.filter((kind) => !wanted.has(kind)),
      quietHours: TIME_OF_DAY.test(from) && TIME_OF_DAY.test(to) ? { from, to } : null,
    });
    return seeOther(reply, '/preferences');
  });
}

function values(field: string | readonly string[] | undefined): readonly string[] {
  if (field === undefined) return [];
  return typeof field === 'string' ? [field] : field;
}

function form({ channels, mutedKinds, quietHours }: Preferences): Html {
  return html`<form method="post" action="/preferences">
    <fieldset><legend>Channels</legend>
      ${CHANNELS.map((channel) => checkbox('channel', channel, channels[channel]))}</fieldset>
    <fieldset><legend>Tell me about</legend>
      ${KINDS.map((kind) => checkbox('kind', kind, !mutedKinds.includes(kind)))}</fieldset>
    <fieldset><legend>Quiet hours</legend>
      <span class="row"><label>from <input type="time" name="quietFrom" value="${quietHours?.from}"></label>
      <label>to <input type="time" name="quietTo" value="${quietHours?.to}"></label></span></fieldset>
    <button>Save</button>
  </form>`;
}

function checkbox(name: string, value: string, checked: boolean): Html {
  const label = value.replaceAll('_', ' ');
  return checked
    ? html`<label><input type="checkbox" name="${name}" value="${value}" checked> ${label}</label>`
    : html`<label><input type="checkbox" name="${name}" value="${value}"> ${label}</label>`;
}
