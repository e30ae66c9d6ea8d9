import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configSchema, type FicusConfigInput } from '@ficus/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkTls } from '../../../cli/preflight/check-tls.ts';
import { makeAuthority, type Pair } from '../../parts/certificates.ts';

const DAY_MS = 86_400_000;
const authority = makeAuthority('authority');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ficus-check-tls-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);

function write({ cert, key }: Pair): { cert: string; key: string } {
  writeFileSync(at('cert.pem'), cert);
  writeFileSync(at('key.pem'), key, { mode: 0o600 });
  return { cert: at('cert.pem'), key: at('key.pem') };
}

function findingsOf(more: Partial<FicusConfigInput>, isLive = false): string[] {
  const config = configSchema.parse({ version: 1, legacy: { url: 'https://h' }, ...more });
  return checkTls(config, isLive).map(({ severity, path, message }) => `${severity} ${path}: ${message}`);
}

test('a pair that fits, is valid and is private has no findings', () => {
  const tls = write(authority.issue('proxy'));
  expect(findingsOf({ proxy: { tls }, legacy: { url: 'https://h', tls } }, true)).toEqual([]);
});

test('a key that everybody may read is named, wherever it is', () => {
  const tls = write(authority.issue('proxy'));
  chmodSync(tls.key, 0o644);
  const readable = expect.stringMatching(/can be read by every user of this machine: chmod 600 /);
  const findings = findingsOf({ proxy: { tls }, legacy: { url: 'https://h', tls } });
  expect(findings).toEqual([readable, readable]);
  expect(findings.map((text) => text.split(':')[0])).toEqual([
    'warning proxy.tls.key',
    'warning legacy.tls.key',
  ]);
  chmodSync(tls.key, 0o640);
  expect(findingsOf({ proxy: { tls } })).toEqual([]);
});

test('a pair that does not fit, an expired and a soon expiring certificate', () => {
  const tls = { ...write(authority.issue('proxy')), ca: at('ca.pem'), clientAuth: 'require' as const };
  writeFileSync(tls.ca, authority.cert);
  writeFileSync(tls.key, makeAuthority('other').key);
  expect(findingsOf({ proxy: { tls } })).toEqual([
    expect.stringMatching(/^error proxy\.tls: .*the key belongs to another certificate\.$/),
  ]);
  const client = write(authority.issue('proxy'));
  writeFileSync(
    client.key,
    generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }),
  );
  expect(findingsOf({ legacy: { url: 'https://h', tls: client }, proxy: { tls: client } })).toEqual([
    expect.stringMatching(/^error proxy\.tls: .*the key belongs to another certificate\.$/),
    expect.stringMatching(/^error legacy\.tls: .*the key belongs to another certificate\.$/),
  ]);
  const listener = write(authority.issue('proxy', { until: new Date(Date.now() - DAY_MS) }));
  expect(findingsOf({ control: { tls: listener } })).toEqual([
    expect.stringMatching(/^error control\.tls\.cert: .*cert\.pem expired on 2/),
  ]);
  const soon = write(authority.issue('edge', { until: new Date(Date.now() + 3.5 * DAY_MS) }));
  const control = { url: 'https://c', client: soon };
  expect(findingsOf({ control })).toEqual([
    expect.stringMatching(/^warning control\.client\.cert: .*cert\.pem expires in 3 days, on 2.*: renew it$/),
  ]);
});

test('behind a valid certificate, an expired one is worth a warning; so is one authority of two', () => {
  const expired = authority.issue('link', { until: new Date(Date.now() - DAY_MS) });
  const { cert, key } = authority.issue('proxy');
  const tls = {
    ...write({ cert: cert + expired.cert, key }),
    ca: at('ca.pem'),
    clientAuth: 'require' as const,
  };
  writeFileSync(tls.ca, expired.cert + authority.cert);
  expect(findingsOf({ proxy: { tls } })).toEqual([
    expect.stringMatching(/^warning proxy\.tls\.ca: .*ca\.pem expired on 2.*: renew it$/),
    expect.stringMatching(/^warning proxy\.tls\.cert: .*cert\.pem: certificate 2 of 2 expired on 2/),
  ]);
  writeFileSync(tls.ca, expired.cert);
  expect(findingsOf({ proxy: { tls } })[0]).toMatch(/^error proxy\.tls\.ca: .*ca\.pem expired on 2/);
});

test('files of another machine are missed by a live check alone', () => {
  const tls = { cert: at('gone.pem'), key: at('gone.key') };
  expect(findingsOf({ proxy: { tls } })).toEqual([]);
  expect(findingsOf({ proxy: { tls } }, true)).toEqual([
    expect.stringMatching(/^error proxy\.tls\.cert: .*cannot read .*gone\.pem: there is no such file/),
    expect.stringMatching(/^error proxy\.tls\.key: .*cannot read .*gone\.key: there is no such file/),
  ]);
});
