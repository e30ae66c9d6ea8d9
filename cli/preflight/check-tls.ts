/**
 * Certificates and keys that a config names: whether they fit, how long they are valid, who may read the keys. A config may
 * be checked on another machine than the one with the files: only a live check misses those that are not here.
 */
import { existsSync, statSync } from 'node:fs';
import type { Finding } from '@ficus/cdc';
import { type FicusConfig, FicusError } from '@ficus/core';
import {
  type CertificateAge,
  describeAge,
  evaluateAge,
  isUsable,
  readCertificates,
  readPair,
  readPem,
} from '@ficus/proxy';

interface TlsFiles {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** @param isLive whether a file that is not there is an error */
export function checkTls(config: FicusConfig, isLive: boolean): Finding[] {
  const { proxy, control } = config;
  const keys = proxy.identify.assert?.keys ?? [];
  return [
    ...ofFiles('proxy.tls', proxy.tls, isLive),
    ...ofFiles('control.tls', control?.tls, isLive),
    ...ofFiles('control.client', control?.client, isLive),
    ...ofFiles('legacy.tls', config.legacy.tls, isLive),
    ...Object.entries(config.slices).flatMap(([name, { candidate }]) =>
      ofFiles(`slices.${name}.candidate.tls`, candidate.tls, isLive),
    ),
    ...keys.flatMap(({ file }, index) => ofKey(`proxy.identify.assert.keys[${index}].file`, file)),
  ];
}

function ofFiles(area: string, files: TlsFiles | undefined, isLive: boolean): Finding[] {
  if (files === undefined) return [];
  const { ca, cert, key } = files;
  const each = [
    ...ofCertificates({ path: `${area}.ca`, file: ca, isLive, needs: (ages) => !ages.some(isUsable) }),
    ...ofCertificates({ path: `${area}.cert`, file: cert, isLive, needs: (_, index) => index === 0 }),
    ...(isLive && key !== undefined ? refusalsOf(`${area}.key`, () => readPem(key, `${area}.key`)) : []),
    ...ofKey(`${area}.key`, key),
  ];
  const isComplete = cert !== undefined && key !== undefined && existsSync(cert) && existsSync(key);
  if (!isComplete || each.some(({ severity }) => severity === 'error')) return each;
  return [...refusalsOf(area, () => readPair({ cert, key }, area)), ...each];
}

interface CertificateFile {
  readonly path: string;
  readonly file: string | undefined;
  readonly isLive: boolean;
  /** Whether nothing else in the file can stand for its certificate at this index. */
  needs(ages: readonly CertificateAge[], index: number): boolean;
}

function ofCertificates({ path, file, isLive, needs }: CertificateFile): Finding[] {
  if (file === undefined || !(isLive || existsSync(file))) return [];
  const findings: Finding[] = [];
  const refusals = refusalsOf(path, () => {
    const certificates = readCertificates(readPem(file, path), `${path}: ${file}`);
    const ages = certificates.map((certificate) => evaluateAge([certificate], Date.now()));
    for (const [index, age] of ages.entries()) {
      const words = describeAge(age);
      if (words === undefined) continue;
      const which = index === 0 ? file : `${file}: certificate ${index + 1} of ${ages.length}`;
      findings.push(
        isUsable(age) || !needs(ages, index)
          ? { severity: 'warning', path, code: 'FICUS_CONFIG_WEAK', message: `${which} ${words}: renew it` }
          : { severity: 'error', path, code: 'FICUS_TLS_INVALID', message: `${which} ${words}.` },
      );
    }
  });
  return [...refusals, ...findings];
}

function ofKey(path: string, file: string | undefined): Finding[] {
  const mode = file === undefined ? undefined : statSync(file, { throwIfNoEntry: false })?.mode;
  if (mode === undefined || (mode & 0o004) === 0) return [];
  const message = `${file} can be read by every user of this machine: chmod 600 ${file}`;
  return [{ severity: 'warning', path, code: 'FICUS_CONFIG_WEAK', message }];
}

function refusalsOf(path: string, read: () => unknown): Finding[] {
  try {
    read();
    return [];
  } catch (error) {
    if (!(error instanceof FicusError)) throw error;
    return [{ severity: 'error', path, code: error.code, message: error.message }];
  }
}
