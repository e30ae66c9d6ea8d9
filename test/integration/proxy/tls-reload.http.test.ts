/** The certificate of a running proxy is replaced on disk: no request notices, and what cannot be used changes nothing. */
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { afterEach, expect, test } from 'vitest';
import { makeAuthority } from '../../parts/certificates.ts';
import { secureConnection, secureRequest } from '../../parts/secure-client.ts';
import { until } from './rig.ts';
import { LOCAL, startTlsRig, type TlsRig } from './tls-rig.ts';

let rig: TlsRig;
afterEach(() => rig?.close());

const DAY_MS = 86_400_000;
const REFUSED = 'ficus_tls_certificate_refused{listener="proxy"}';
const EXPIRES = 'ficus_tls_certificate_expiration_timestamp_seconds{listener="proxy"}';

/** Serial number of the certificate that a new connection gets. */
async function serial(): Promise<string> {
  const socket = await secureConnection(rig.url, { ca: rig.authority.cert });
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

const isRefused = async () => (await rig.series(REFUSED)) === 1;
const lastRefusal = () =>
  rig.logs.findLast(({ msg }) => msg === 'certificate refused: the old one stays')?.reason;

test('a new pair serves without a restart, and no request under load fails', async () => {
  rig = await startTlsRig();
  const before = await serial();
  const agent = new Agent({ keepAlive: true, ca: rig.authority.cert });
  let [done, running] = [0, true];
  const client = async (options: object): Promise<void> => {
    while (running) {
      const { status } = await secureRequest(`${rig.url}/${done}`, { ca: rig.authority.cert, ...options });
      expect(status).toBe(200);
      done += 1;
    }
  };
  // Some keep their connections, some open one for each request.
  const load = Promise.all([client({ agent }), client({ agent }), client({}), client({})]);
  const seen = new Set([before]);
  for (let turn = 0; turn < 3; turn += 1) {
    rig.write(rig.authority.issue('proxy', LOCAL));
    await until(async () => !seen.has(await serial()), 'the new certificate');
    seen.add(await serial());
    const from = done;
    await until(() => done > from + 20, 'requests');
  }
  running = false;
  await load;
  agent.destroy();
  expect(seen.size).toBe(4);
  expect(await isRefused()).toBe(false);
});

test('what cannot be used is refused: the old one stays, said in log, metric and readiness', async () => {
  rig = await startTlsRig();
  const before = await serial();
  const refusals: [why: RegExp, make: () => void][] = [
    [
      /cannot be used together: the key belongs to another certificate/,
      () => writeFileSync(rig.files.key, makeAuthority('x').key),
    ],
    [
      /cannot read .*cert\.pem: it is not a regular file/,
      () => {
        rmSync(rig.files.cert);
        execFileSync('mkfifo', [rig.files.cert]);
      },
    ],
    [
      /cannot be used together: the key belongs to another certificate/,
      () => {
        const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
        rmSync(rig.files.cert);
        rig.write({
          ...rig.authority.issue('proxy', LOCAL),
          key: rsa.export({ type: 'pkcs8', format: 'pem' }).toString(),
        });
      },
    ],
    [/cert\.pem holds no certificate/, () => writeFileSync(rig.files.cert, 'half a certif')],
    [/cannot read .*cert\.pem: there is no such file/, () => rmSync(rig.files.cert)],
    [
      /cert\.pem expired on /,
      () => rig.write(rig.authority.issue('proxy', { ...LOCAL, until: new Date(Date.now() - DAY_MS) })),
    ],
    [
      /cert\.pem is not valid before /,
      () => rig.write(rig.authority.issue('proxy', { ...LOCAL, from: new Date(Date.now() + DAY_MS) })),
    ],
  ];
  for (const [why, make] of refusals) {
    make();
    await until(() => why.test(String(lastRefusal())), String(why));
    expect(await isRefused()).toBe(true);
    expect(await serial()).toBe(before);
  }
  const ready = await fetch(`${rig.proxy.adminAddress}/readyz`);
  expect(ready.status).toBe(200);
  const said = await ready.text();
  expect(JSON.parse(said)).toMatchObject({
    config: expect.stringMatching(/^refused since \S+: FICUS_CONFIG_INVALID$/),
    certificate: { refused: 'FICUS_CONFIG_INVALID', until: expect.any(String) },
  });
  // Files and problems are for those who may read /status.
  expect(said).not.toMatch(/cert\.pem|is not valid/);
  const status = await fetch(`${rig.proxy.adminAddress}/status`);
  expect(await status.json()).toMatchObject({
    config: {
      refused: { problems: [{ path: 'proxy.tls', message: expect.stringContaining('is not valid before') }] },
    },
  });
  rig.write(rig.authority.issue('proxy', LOCAL));
  await until(async () => (await serial()) !== before, 'the next usable one');
  expect(await isRefused()).toBe(false);
});

test('a certificate that is valid from a later moment on serves from then, without a further change', async () => {
  rig = await startTlsRig();
  const before = await serial();
  rig.write(rig.authority.issue('proxy', { ...LOCAL, from: new Date(Date.now() + 3_000) }));
  await until(() => /is not valid before/.test(String(lastRefusal())), 'the refusal');
  // The first client may be less than a clock tick before it.
  await until(async () => (await serial().catch(() => before)) !== before, 'its turn');
  await until(async () => !(await isRefused()), 'the end of the refusal');
});

test('an expired certificate behind a valid one does not keep it from serving, and is a warning', async () => {
  rig = await startTlsRig();
  const before = await serial();
  const link = rig.authority.issue('link', { until: new Date(Date.now() - DAY_MS) });
  const { cert, key } = rig.authority.issue('proxy', LOCAL);
  rig.write({ cert: cert + link.cert, key });
  await until(async () => (await serial()) !== before, 'the new certificate');
  expect(rig.logs).toContainEqual(
    expect.objectContaining({
      level: 40,
      msg: expect.stringMatching(/^a certificate behind that of proxy\.tls expired on 2/),
    }),
  );
});

test('a broken pair on disk is one error line, and keeps no other change from taking effect', async () => {
  let drainMs = 1_111;
  const reloadConfig = async () => {
    const config = rig.config();
    const timeouts = { ...config.proxy.timeouts, drainMs };
    return { ok: true as const, config: { ...config, proxy: { ...config.proxy, timeouts } } };
  };
  rig = await startTlsRig({ start: { reloadConfig } });
  const refusals = () => rig.logs.filter(({ msg }) => msg === 'certificate refused: the old one stays');
  const readiness = async () =>
    ((await (await fetch(`${rig.proxy.adminAddress}/readyz`)).json()) as { config?: string }).config;
  writeFileSync(rig.files.key, makeAuthority('x').key);
  await until(() => refusals().length > 0, 'the refusal');
  expect(await rig.proxy.reload()).toEqual({ ok: true, generation: 2 });
  drainMs += 1;
  expect(await rig.proxy.reload()).toEqual({ ok: true, generation: 3 });
  expect(await readiness()).toMatch(/^refused since \S+: FICUS_/);
  expect(refusals()).toHaveLength(1);
  rig.write(rig.authority.issue('proxy', LOCAL));
  await until(async () => (await readiness()) === undefined, 'readiness');
  expect(await isRefused()).toBe(false);
});

test('a config that names unusable files is refused whole; one that names others takes effect', async () => {
  const start: { reloadConfig?: () => Promise<{ ok: true; config: ReturnType<TlsRig['config']> }> } = {};
  let tls: object = {};
  start.reloadConfig = async () => {
    const config = rig.config();
    return {
      ok: true,
      config: { ...config, proxy: { ...config.proxy, tls: { ...config.proxy.tls!, ...tls } } },
    };
  };
  rig = await startTlsRig({ start });
  const before = await serial();
  tls = { cert: '/nowhere/cert.pem' };
  expect(await rig.proxy.reload()).toMatchObject({
    ok: false,
    problems: [{ message: expect.stringContaining('/nowhere/cert.pem') }],
  });
  expect(await serial()).toBe(before);
  const other = rig.authority.issue('proxy', LOCAL);
  const [cert, key] = [`${rig.files.cert}.2`, `${rig.files.key}.2`];
  writeFileSync(cert, other.cert);
  writeFileSync(key, other.key);
  tls = { cert, key };
  expect(await rig.proxy.reload()).toMatchObject({ ok: true });
  await until(async () => (await serial()) !== before, 'the other certificate');
  tls = { cert, key, minVersion: 'TLSv1.3' };
  expect(await rig.proxy.reload()).toMatchObject({
    ok: false,
    problems: [{ path: ['proxy', 'tls'], message: expect.stringContaining('restart') }],
  });
});

test('when it expires is a metric, and less than 14 days before a warning', async () => {
  const soon = new Date(Date.now() + 5.5 * DAY_MS);
  rig = await startTlsRig({}, {}, (authority) => authority.issue('proxy', { ...LOCAL, until: soon }));
  expect(await rig.series(EXPIRES)).toBe(Math.floor(soon.getTime() / 1000));
  const warnings = () =>
    rig.logs.filter(({ msg, level }) => level === 40 && /certificate of proxy.tls/.test(String(msg)));
  expect(warnings()).toMatchObject([{ msg: expect.stringContaining('expires in 5 days') }]);
  const later = new Date(Date.now() + 15 * DAY_MS);
  rig.write(rig.authority.issue('proxy', { ...LOCAL, until: later }));
  await until(async () => (await rig.series(EXPIRES)) === Math.floor(later.getTime() / 1000), 'the new date');
  expect(warnings()).toHaveLength(1);
});
