/** Puts the places that a running proxy keeps to until its restart over those that its changed config names. */
import {
  bareHost,
  type ControlConfig,
  controlSchema,
  controlUrl,
  type FlagsConfig,
  flagsSchema,
  splitHostPort,
} from '@ficus/core';
import type { ReachableConfig } from './reachable-config.ts';
import type { RunningRecord } from './running-record.ts';

/** @param file the config, as messages name it */
export function placeAsRunning(
  config: ReachableConfig,
  running: RunningRecord | undefined,
  file: string,
): ReachableConfig {
  if (running === undefined) return config;
  const flags = flagsOf(config.flags, running);
  const isMoved = config.flags !== undefined && flags !== config.flags;
  const placed: ReachableConfig = {
    ...config,
    control: controlOf(config.control, running),
    hasDatabase: config.hasDatabase || running.hasDatabase,
    flags,
    // The slices of the file need not be those that run: the proxy has refused it as a whole.
    valid: isMoved ? undefined : config.valid,
  };
  const takes = `The running proxy takes its flags from ${describePlace(running)}`;
  if (isOutOfReach(config, placed, running)) {
    const why = `${takes}, and ${file} names another place or none that can be read.`;
    return { ...placed, outOfReach: { why, running, control: changerOf(placed, running), isMoved } };
  }
  if (!isMoved) return placed;
  const elsewhere = `${takes}, which is used here; what ${file} names takes effect when the proxy is restarted.`;
  return { ...placed, elsewhere };
}

/** A token is for the host that it was written beside: it is sent to no other. */
function controlOf(control: ControlConfig | undefined, running: RunningRecord) {
  const { controlUrl: url, provider } = running;
  if (url === undefined) return control;
  // Without it, flags in a file or in Unleash are set where they are kept.
  if (control === undefined) return provider === 'builtin' ? reachedAt(url) : undefined;
  return withRunningPort(control, running);
}

const reachedAt = (url: string): ControlConfig | undefined => controlSchema.safeParse({ url }).data;

/** Where the file leaves the port open, the host is what it names. */
export function withRunningPort(control: ControlConfig, running: RunningRecord | undefined): ControlConfig {
  const { host, port } = splitHostPort(control.listen);
  const url = running?.controlUrl;
  const isOpen = url !== undefined && control.url === undefined && port === 0;
  return isOpen && bareHost(new URL(url).hostname) === host ? { ...control, url } : control;
}

/** Undefined of an Unleash server to which the file has no tokens. */
function flagsOf(flags: FlagsConfig | undefined, { provider, flagsFile, unleashUrl }: RunningRecord) {
  const isSame =
    flags?.provider === provider &&
    (provider !== 'file' || flags.file === flagsFile) &&
    (provider !== 'unleash' || flags.unleash?.url === unleashUrl);
  if (isSame) return flags;
  if (provider === 'unleash') return undefined;
  return flagsSchema.parse(provider === 'file' ? { provider, file: flagsFile } : { provider });
}

function isOutOfReach(
  { control }: ReachableConfig,
  placed: ReachableConfig,
  { provider, controlUrl: url }: RunningRecord,
): boolean {
  if (provider === 'unleash') return placed.flags === undefined;
  if (provider === 'file' || url === undefined) return false;
  return control === undefined || controlUrl(placed.control!) !== url;
}

/** The control plane that can change what this file cannot: of built-in flags the one that runs, without a token. */
function changerOf({ control, hasDatabase }: ReachableConfig, { provider, controlUrl: url }: RunningRecord) {
  if (provider === 'builtin') return reachedAt(url!);
  return hasDatabase ? control : undefined;
}

const describePlace = ({ provider, flagsFile, unleashUrl, controlUrl: url }: RunningRecord): string => {
  if (provider === 'file') return `the file ${flagsFile}`;
  if (provider === 'unleash') return `Unleash at ${unleashUrl}`;
  return url === undefined ? 'the control plane' : `the control plane at ${url}`;
};
