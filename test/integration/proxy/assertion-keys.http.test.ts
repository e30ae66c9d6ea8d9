/** Assertions by key pairs: candidates verify with the key set at the admin address, through a change of the key. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FicusConfigInput } from '@ficus/core';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterEach, expect, test } from 'vitest';
import { type Rig, startRig } from './rig.ts';

let rig: Rig;
let folder: string;
afterEach(async () => {
  await rig.close();
  await rm(folder, { recursive: true, force: true });
});

async function keyFile(kid: string): Promise<{ kid: string; file: string }> {
  const file = join(folder, `${kid}.pem`);
  const { privateKey } = generateKeyPairSync('ed25519');
  await writeFile(file, privateKey.export({ format: 'pem', type: 'pkcs8' }));
  return { kid, file };
}

const proxyWith = (keys: { kid: string; file: string }[]): FicusConfigInput['proxy'] => ({
  identify: { user: { cookie: 'sid', introspect: '/me' }, assert: { keys } },
});

test('a reload changes the key while every assertion is verified', async () => {
  folder = await mkdtemp(join(tmpdir(), 'ficus-keys-'));
  const [old, next] = [await keyFile('old'), await keyFile('next')];
  let keys = [old];
  rig = await startRig({
    serve: 100,
    proxy: proxyWith(keys),
    start: { reloadConfig: async () => ({ ok: true, config: rig.config({ proxy: proxyWith(keys) }) }) },
  });
  rig.legacy.handler = (_request, response) => response.end('{"user":"ann"}');
  const { adminAddress } = rig.proxy;
  const url = new URL('/.well-known/jwks.json', adminAddress);
  const keySet = createRemoteJWKSet(url, { cooldownDuration: 0 });
  const kids: unknown[] = [];
  const askOnce = async (slice: string) => {
    await rig.get('/api/notes', { cookie: `sid=${slice}` });
    const token = String(rig.candidate.requests.at(-1)!.headers['x-ficus-identity']);
    const { payload, protectedHeader } = await jwtVerify(token, keySet, {
      issuer: 'ficus',
      audience: 'notes',
    });
    expect(payload.sub).toBe('ann');
    kids.push(protectedHeader.kid);
  };
  await askOnce('1');
  for (const step of [[old, next], [next, old], [next]]) {
    keys = step;
    expect(await rig.proxy.reload()).toMatchObject({ ok: true });
    await askOnce('1');
  }
  expect(kids).toEqual(['old', 'old', 'next', 'next']);

  keys = [{ kid: 'lost', file: join(folder, 'lost.pem') }];
  expect(await rig.proxy.reload()).toMatchObject({ ok: false });
  await askOnce('1');
  const served = await fetch(url);
  expect(served.headers.get('content-type')).toBe('application/jwk-set+json');
  expect(await served.json()).toMatchObject({ keys: [{ kid: 'next', alg: 'EdDSA' }] });
});
