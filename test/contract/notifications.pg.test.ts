/** The notifications contract against the monolith and the service, and both compared byte by byte. */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { describeNotificationsContract } from './notifications-contract.ts';
import { mappedService, seededShop } from './sample-databases.ts';
import {
  type ContractSubject,
  monolithOver,
  serviceOver,
  signIdentity,
  startMonolith,
  startService,
} from './sample-subjects.ts';

describeNotificationsContract('monolith', () => startMonolith(inject('postgresPort')));
describeNotificationsContract('service', () => startService(inject('postgresPort')));

describe('monolith and service, byte by byte', () => {
  let monolith: ContractSubject;
  let service: ContractSubject;
  let faulty: ContractSubject;

  beforeAll(async () => {
    const port = inject('postgresPort');
    const shop = await seededShop(port);
    const database = await mappedService(port, shop);
    monolith = await monolithOver(shop, [shop]);
    service = await serviceOver(database, [database]);
    faulty = await serviceOver(database, [], { PLANTED_BUG: '1' });
  });
  afterAll(async () => {
    for (const subject of [monolith, faulty, service]) await subject?.[Symbol.asyncDispose]();
  });

  /** Everything of an answer except its clock. */
  const answer = async (
    subject: ContractSubject,
    path: string,
    customer: number | undefined,
    init: RequestInit = {},
  ) => {
    const response = await fetch(subject.address + path, {
      ...init,
      headers: { ...init.headers, ...(customer && (await subject.as(customer))), 'x-request-id': 'same' },
    });
    const headers = [...response.headers].filter(([name]) => name !== 'date');
    return {
      status: response.status,
      headers,
      body: Buffer.from(await response.arrayBuffer()).toString('latin1'),
    };
  };

  it('answer all reads alike, for one customer in three of the seed', async () => {
    const paths = [
      '/api/notifications?limit=100',
      '/api/notifications?unread=true',
      '/api/notification-preferences',
    ];
    for (let customer = 1; customer <= 200; customer += 3)
      for (const path of paths)
        expect(await answer(service, path, customer), `${path} of customer ${customer}`).toEqual(
          await answer(monolith, path, customer),
        );
  });

  it.each([
    ['GET', '/api/notifications?limit=0', 1],
    ['GET', '/api/notifications?limit=1&limit=2', 1],
    ['GET', '/api/notifications?before=99999999999999999999', 1],
    ['HEAD', '/api/notifications', 1],
    ['GET', '/api/notifications/0', 1],
    ['GET', '/api/notifications/4999999', 1],
    ['GET', '/api/notifications/%00', 1],
    ['GET', '/api/notifications', undefined],
    ['DELETE', '/api/notifications', 1],
    ['POST', '/api/notifications/4999999/read', 1],
    ['POST', '/api/notifications/read-all', undefined],
    ['PUT', '/api/notification-preferences', 1],
  ])('answer alike: %s %s', async (method, path, customer) => {
    expect(await answer(service, path, customer, { method })).toEqual(
      await answer(monolith, path, customer, { method }),
    );
  });

  it.each([
    ['text/plain', 'hello'],
    ['application/json', '{'],
    ['application/json', ''],
    ['application/json', '{"__proto__":1}'],
    ['application/x-www-form-urlencoded', 'a=b'],
  ])('refuse a body alike: %s %j', async (type, body) => {
    const init = { method: 'PUT', headers: { 'content-type': type }, body };
    expect(await answer(service, '/api/notification-preferences', 1, init)).toEqual(
      await answer(monolith, '/api/notification-preferences', 1, init),
    );
  });

  it('differ in totals, and only there, once the fault is planted', async () => {
    const list = async (subject: ContractSubject) =>
      JSON.parse((await answer(subject, '/api/notifications?limit=100', 1)).body) as {
        items: { payload: { total?: unknown } }[];
      };
    const right = await list(monolith);
    const wrong = await list(faulty);
    const totals = wrong.items.flatMap((item) => item.payload.total ?? []);
    expect(totals.length).toBeGreaterThan(0);
    expect(totals.every((total) => typeof total === 'number')).toBe(true);
    for (const item of [...right.items, ...wrong.items]) delete item.payload.total;
    expect(wrong).toEqual(right);
  });

  describe('the service alone', () => {
    it.each([
      ['a secret that is not ours', { secret: 'another secret, as long' }],
      ['another issuer', { issuer: 'somebody' }],
      ['another audience', { audience: 'orders' }],
      ['a time that is over', { expires: Math.floor(Date.now() / 1000) - 60 }],
    ])('refuses an identity with %s', async (_what, claims) => {
      const headers = { 'x-ficus-identity': await signIdentity('1', claims) };
      expect((await answer(service, '/api/notifications', undefined, { headers })).status).toBe(401);
    });

    it('refuses an unsigned identity, and one that names no user', async () => {
      const [, claims] = (await signIdentity('1')).split('.');
      const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${claims}.`;
      for (const token of [unsigned, 'rubbish', await signIdentity('root'), await signIdentity('-1')])
        expect(
          (await answer(service, '/api/notifications', undefined, { headers: { 'x-ficus-identity': token } }))
            .status,
        ).toBe(401);
    });

    it('answers shadow writes and writes nothing', async () => {
      const shadow = { 'x-ficus-shadow': '1' };
      const inbox = await answer(service, '/api/notifications?limit=100', 7);
      const preferences = await answer(service, '/api/notification-preferences', 7);
      const { items, unread } = JSON.parse(inbox.body) as {
        items: { id: number; read: boolean }[];
        unread: number;
      };
      const id = items.find((item) => !item.read)?.id;

      const one = await answer(service, `/api/notifications/${id}/read`, 7, {
        method: 'POST',
        headers: shadow,
      });
      expect(JSON.parse(one.body)).toMatchObject({ id, read: true });
      const all = await answer(service, '/api/notifications/read-all', 7, {
        method: 'POST',
        headers: shadow,
      });
      expect(JSON.parse(all.body)).toEqual({ updated: unread });
      const wanted = {
        channels: { email: false, sms: false, push: false, web: false },
        mutedKinds: [],
        quietHours: null,
      };
      const saved = await answer(service, '/api/notification-preferences', 7, {
        method: 'PUT',
        headers: { ...shadow, 'content-type': 'application/json' },
        body: JSON.stringify(wanted),
      });
      expect(JSON.parse(saved.body)).toMatchObject(wanted);

      expect(await answer(service, '/api/notifications?limit=100', 7)).toEqual(inbox);
      expect(await answer(service, '/api/notification-preferences', 7)).toEqual(preferences);
    });
  });
});
