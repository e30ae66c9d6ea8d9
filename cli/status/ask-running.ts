/**
 * What `ficus status` shows: the control plane's picture; where it has none or does not answer, what the proxy itself
 * knows. With either, which processes run an older config than their file.
 */
import type { ControlClient, CutoverView, LeftoverView, SliceView } from '@ficus/contract';
import { type ConfigRefusal, FicusError, isLoopback, type ProxyStatus, splitHostPort } from '@ficus/core';
import { addressToAsk, warnOfToken } from '../config/asked-proxy.ts';
import { connectControl } from '../config/connect-control.ts';
import { askProxy } from './ask-proxy.ts';
import type { FoundRunning } from './find-running.ts';

/** A process that does not run what its config file says. */
export interface OlderConfig {
  /** `the control plane`, `the proxy` */
  readonly process: string;
  /** ISO time of the running config; null while unknown. */
  readonly appliedAt: string | null;
  /** null when only a restart is missing. */
  readonly refused: ConfigRefusal | null;
  /** Changed areas that take effect at the next start. */
  readonly needsRestart: readonly string[];
}

export type StatusAnswer =
  | {
      readonly from: 'control';
      readonly slices: readonly SliceView[];
      /** Of those slices; a control plane of an earlier version has none. */
      readonly cutovers: readonly CutoverView[];
      readonly leftovers: readonly LeftoverView[];
      readonly older: readonly OlderConfig[];
    }
  | {
      readonly from: 'proxy';
      readonly proxy: ProxyStatus;
      /** Why the control plane said nothing; undefined where the config has none. */
      readonly controlFailure: string | undefined;
      readonly older: readonly OlderConfig[];
    };

/**
 * @param warn gets one line when the proxy is asked, and the token can be read on its way, or is not sent
 * @throws FicusError when nothing answers, or the slice is unknown there
 */
export async function askRunning(
  found: FoundRunning,
  slice: string | undefined,
  warn: (text: string) => void,
): Promise<StatusAnswer> {
  const { admin } = found;
  if (!found.control) return askProxyAlone(found, slice, undefined, warn);
  try {
    return await askControl(found, slice);
  } catch (error) {
    if (!(error instanceof FicusError) || error.code !== 'FICUS_CONTROL_UNREACHABLE') throw error;
    if (admin === undefined)
      throw new FicusError(error.code, `${error.message} With proxy.admin, the proxy itself would be asked.`);
    return askProxyAlone(found, slice, error.message, warn);
  }
}

async function askControl(found: FoundRunning, slice: string | undefined): Promise<StatusAnswer> {
  const client = connectControl(found);
  const asked = slice === undefined ? client.slices() : client.slice(slice).then((one) => [one]);
  const [slices, cutovers, leftovers, own, proxies, cutOff] = await Promise.all([
    asked,
    asked.then((known) => Promise.all(known.map(({ name }) => askCutover(client, name)))),
    slice === undefined ? client.leftovers() : [],
    client.runningConfig(),
    client.proxies(),
    findCutOff(found),
  ]);
  const { appliedAt, refused, needsRestart } = own;
  const older: OlderConfig[] = [{ process: 'the control plane', appliedAt, refused, needsRestart }];
  for (const { proxyId, name, configRefused } of proxies) {
    const process = proxies.length === 1 ? 'the proxy' : `the proxy ${name ?? proxyId}`;
    older.push({ process, appliedAt: null, refused: configRefused, needsRestart: [] });
  }
  return {
    ...{ from: 'control', slices, leftovers },
    cutovers: cutovers.flatMap((one) => one ?? []),
    older: [...older, ...cutOff].filter(isOlder),
  };
}

/** Whatever else there is to say of the slice is said without it. */
async function askCutover(client: ControlClient, slice: string): Promise<CutoverView | undefined> {
  try {
    return await client.cutoverState(slice);
  } catch {
    return undefined;
  }
}

/**
 * A proxy that a replaced token cuts off cannot report it. Asked on this machine alone, where it needs no token: the proxy
 * may run elsewhere, and any program listen in its place.
 */
async function findCutOff({ admin }: FoundRunning): Promise<OlderConfig[]> {
  if (admin === undefined || !isLoopback(splitHostPort(addressToAsk(admin)).host)) return [];
  const status = await askProxy(admin, undefined).catch(() => undefined);
  if (status?.control?.connected !== false) return [];
  const { appliedAt, refused } = status.config;
  return [{ process: `the proxy at ${admin}`, appliedAt, refused, needsRestart: [] }];
}

async function askProxyAlone(
  found: FoundRunning,
  slice: string | undefined,
  controlFailure: string | undefined,
  warn: (text: string) => void,
): Promise<StatusAnswer> {
  warnOfToken(found, warn);
  const proxy = await askProxy(found.admin!, found.token).catch((error: unknown) => {
    if (!(error instanceof FicusError) || controlFailure === undefined) throw error;
    throw new FicusError(error.code, `${controlFailure} ${error.message}`, { cause: error });
  });
  const slices = proxy.slices.filter(({ name }) => slice === undefined || name === slice);
  if (slice !== undefined && slices.length === 0) {
    const names = proxy.slices.map(({ name }) => name).join(', ') || 'none';
    throw new FicusError('FICUS_SLICE_UNKNOWN', `The proxy has no slice “${slice}”. It has: ${names}.`);
  }
  const { appliedAt, refused } = proxy.config;
  const older = [{ process: 'the proxy', appliedAt, refused, needsRestart: [] }].filter(isOlder);
  return { from: 'proxy', proxy: { ...proxy, slices }, controlFailure, older };
}

const isOlder = ({ refused, needsRestart }: OlderConfig): boolean =>
  refused !== null || needsRestart.length > 0;
