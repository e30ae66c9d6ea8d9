/** Checks before a valid config is applied to a running proxy. */
import { type ConfigProblem, controlUrl, type FicusConfig, FicusError, tokenFor } from '@ficus/core';
import { readAssertionKeys } from '../keys/assertion-keys.ts';
import { readListenerPems } from '../keys/listener-tls.ts';
import { ErrorPage } from '../respond/error-page.ts';
import { Upstream } from '../upstream/upstream.ts';

/** Keys that need a restart to change. */
export function cannotChange(before: FicusConfig, after: FicusConfig): ConfigProblem[] {
  const fixed: [string[], unknown, unknown][] = [
    [['proxy', 'listen'], before.proxy.listen, after.proxy.listen],
    [['proxy', 'admin'], before.proxy.admin, after.proxy.admin],
    [['proxy', 'tls'], fixedTls(before), fixedTls(after)],
    [['proxy', 'workers'], before.proxy.workers, after.proxy.workers],
    [['flags'], JSON.stringify(before.flags), JSON.stringify(after.flags)],
  ];
  return fixed
    .filter(([, old, changed]) => old !== changed)
    .map(([path]) => ({
      path,
      message: 'cannot change while the proxy runs; restart the proxy',
      needsRestart: true,
    }));
}

/** How the proxy reaches the control plane is taken at its start; the rest of the config takes effect. Undefined: as at the start. */
export function changedLink(before: FicusConfig, after: FicusConfig): string | undefined {
  if (linkOf(before) === linkOf(after)) return undefined;
  return 'address, token or `client` has changed, and the proxy connects as at its start; restart the proxy';
}

const linkOf = ({ control }: FicusConfig): string | undefined =>
  control && JSON.stringify([controlUrl(control), tokenFor(control, 'report'), control.client]);

/** Files may change, and what they hold; whether and how TLS is spoken may not. */
function fixedTls({ proxy: { tls } }: FicusConfig): string | undefined {
  return tls && `${tls.clientAuth} ${tls.minVersion}`;
}

/** @throws FicusError when the error page or a PEM file cannot be read, or has a key of another kind */
export function checkFiles(config: FicusConfig): void {
  const { assert } = config.proxy.identify;
  if (assert) readAssertionKeys(assert);
  new ErrorPage(config.proxy.errorPage);
  new Upstream('legacy', config.legacy).close();
  for (const [name, { candidate }] of Object.entries(config.slices)) new Upstream(name, candidate).close();
}

/** The same as a list of problems; empty when all can be created. */
export function checkCreatable(config: FicusConfig): ConfigProblem[] {
  return problemsOf(() => checkFiles(config));
}

/**
 * Of the proxy's own certificate, which no other machine has, where a config names other files: those that the running one
 * names are the CertificateKeeper's, and a broken one must not keep the rest of the config from changing.
 */
export function checkCertificate(before: FicusConfig, { proxy: { tls } }: FicusConfig): ConfigProblem[] {
  const { tls: running } = before.proxy;
  const isSame = tls?.cert === running?.cert && tls?.key === running?.key && tls?.ca === running?.ca;
  return isSame ? [] : problemsOf(() => tls && readListenerPems(tls, 'proxy.tls'));
}

function problemsOf(check: () => unknown): ConfigProblem[] {
  try {
    check();
    return [];
  } catch (error) {
    if (error instanceof FicusError) return [{ path: [], message: error.message }];
    throw error;
  }
}
