/** HEAD and CORS preflights go to the side that gets the requests they stand for. */
import { afterEach, expect, test } from 'vitest';
import { ask, type Rig, type RigOptions, startRig } from './rig.ts';

let rig: Rig;
afterEach(() => rig.close());

const routes = [
  { id: 'read', methods: ['GET'], path: '/api/notes' },
  { id: 'write', methods: ['POST'], path: '/api/notes' },
];
const start = async (options: RigOptions) => {
  rig = await startRig({ routes, ...options });
};
const preflight = (method: string, path = '/api/notes') =>
  ask(`${rig.url}${path}`, {
    method: 'OPTIONS',
    headers: { origin: 'https://app.example', 'access-control-request-method': method },
  });

test('at 100 % both go to the candidate, without a bucket', async () => {
  await start({ serve: 100, slice: { anonymousBucket: {} } });
  for (const method of ['GET', 'POST']) {
    const answer = await preflight(method);
    expect(answer).toMatchObject({ side: 'candidate', reason: 'preflight' });
    expect(answer.headers.get('set-cookie')).toBeNull();
  }
  expect(await ask(`${rig.url}/api/notes`, { method: 'HEAD' })).toMatchObject({ side: 'candidate' });
  expect(await preflight('DELETE')).toMatchObject({ side: 'legacy', reason: 'no-route' });
});

test('below 100 % preflights go to the legacy: whose request follows is not known', async () => {
  await start({ serve: 99, slice: { anonymousBucket: {} } });
  for (let times = 0; times < 20; times += 1) {
    expect(await preflight('GET')).toMatchObject({ side: 'legacy', reason: 'preflight' });
  }
});
