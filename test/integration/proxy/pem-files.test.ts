import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readPair, readPem } from '../../../proxy/files/pem-files.ts';
import { readListenerPems } from '../../../proxy/keys/listener-tls.ts';
import { makeAuthority, toPem } from '../../parts/certificates.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ficus-pem-files-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);
const authority = makeAuthority('authority');
const refused = (problem: string) =>
  expect.objectContaining({ code: 'FICUS_TLS_INVALID', message: expect.stringContaining(problem) });

function write(cert: string, key: string) {
  const files = { cert: at('cert.pem'), key: at('key.pem') };
  writeFileSync(files.cert, cert);
  writeFileSync(files.key, key);
  return files;
}

test.each([
  ['RSA', () => generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ['Ed25519', () => generateKeyPairSync('ed25519')],
  ['the same type', () => generateKeyPairSync('ec', { namedCurve: 'P-256' })],
])('a key of another certificate is refused: %s', (_, make) => {
  const key = make().privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const files = write(authority.issue('proxy').cert, key);
  expect(() => readPair(files, 'proxy.tls')).toThrow(refused('the key belongs to another certificate'));
  const listener = { ...files, clientAuth: 'none', minVersion: 'TLSv1.2' } as const;
  expect(() => readListenerPems(listener, 'proxy.tls')).toThrow(refused('belongs to another certificate'));
});

test('the key is that of the chain’s first certificate', () => {
  const [own, other] = [authority.issue('proxy'), authority.issue('other')];
  const chain = own.cert + other.cert;
  expect(readPair(write(chain, own.key), 'proxy.tls')).toEqual({ cert: chain, key: own.key });
  expect(() => readPair(write(chain, other.key), 'proxy.tls')).toThrow(refused('another certificate'));
});

const sealed = (passphrase: string) => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'der', cipher: 'aes-256-cbc', passphrase });
};

/** Its padding is that of the empty passphrase, which opens one sealed key in some hundreds, and what it holds is noise. */
function seeminglyOpened(): Buffer {
  const key = sealed('');
  const ciphertext = key.subarray(-144);
  ciphertext.fill(0, 0, 16);
  return key;
}

test.each([
  ['as most are', sealed('secret')],
  ['that an empty passphrase opens', sealed('')],
  ['that an empty passphrase seems to open', seeminglyOpened()],
])('a key with a passphrase is refused, with what to do: one %s', (_, key) => {
  const files = write(authority.issue('proxy').cert, toPem('ENCRYPTED PRIVATE KEY', key));
  expect(() => readPair(files, 'proxy.tls')).toThrow(refused('the key has a passphrase; write it without'));
});

test('only a regular file of bounded size is read', () => {
  execFileSync('mkfifo', [at('fifo')]);
  writeFileSync(at('large'), 'A'.repeat(1024 * 1024 + 1));
  for (const [path, why] of [
    [at('fifo'), 'it is not a regular file'],
    ['/dev/zero', 'it is not a regular file'],
    [folder, 'it is a directory'],
    [at('large'), 'it is larger than 1 MiB'],
    [at('gone'), 'there is no such file or directory'],
  ] as const) {
    const message = `proxy.tls.cert: cannot read ${path}: ${why}.`;
    expect(() => readPem(path, 'proxy.tls.cert')).toThrow(
      expect.objectContaining({ code: 'FICUS_PEM_UNREADABLE', message }),
    );
  }
});
