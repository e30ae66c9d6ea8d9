/** Puts the places that a running proxy keeps to until its restart over those that its changed config names. */
import { controlSchema, controlUrl, FicusError, flagsSchema } from '@ficus/core';
import type { ReachableConfig } from './reachable-config.ts';
import type { RunningRecord } from './running-record.ts';

/**
 * @param warn gets one line when they differ
 * @throws FicusError FICUS_RUNNING_ELSEWHERE when what runs cannot be reached with what the config says
 */
export function placeAsRunning(
  config: ReachableConfig,
  running: RunningRecord | undefined,
  file: string,
  warn: (text: string) => void,
): ReachableConfig {
  if (running === undefined) return config;
  const control = controlOf(config, running, file);
  const flags = flagsOf(config, running, file);
  const isElsewhere = config.flags !== undefined && flags !== config.flags;
  if (!isElsewhere) return { ...config, control, flags };
  warn(
    `The running proxy takes its flags from ${describePlace(running)}, which is used here; what ${file} names takes effect when the proxy is restarted.`,
  );
  // The slices of the file need not be those that run: the proxy has refused it as a whole.
  return { ...config, control, flags, isElsewhere, valid: undefined };
}

/** A token is for the address that it was written beside: it is sent to no other. */
function controlOf({ control, valid }: ReachableConfig, running: RunningRecord, file: string) {
  const { controlUrl: url } = running;
  if (url === undefined || running.provider !== 'builtin') return control;
  if (control === undefined) return valid ? elsewhere(`the control plane at ${url}`, file) : reachedAt(url);
  const isOpen = control.url === undefined && control.listen.endsWith(':0');
  return isOpen || controlUrl(control) === url ? control : elsewhere(`the control plane at ${url}`, file);
}

const reachedAt = (url: string) => controlSchema.safeParse({ url }).data;

function flagsOf({ flags }: ReachableConfig, running: RunningRecord, file: string) {
  const { provider, flagsFile, unleashUrl } = running;
  const isSame =
    flags?.provider === provider &&
    (provider !== 'file' || flags.file === flagsFile) &&
    (provider !== 'unleash' || flags.unleash?.url === unleashUrl);
  if (isSame) return flags;
  if (provider === 'unleash') return elsewhere(describePlace(running), file);
  return flagsSchema.parse(provider === 'file' ? { provider, file: flagsFile } : { provider });
}

const describePlace = ({ provider, flagsFile, unleashUrl }: RunningRecord): string => {
  if (provider === 'file') return `the file ${flagsFile}`;
  return provider === 'unleash' ? `Unleash at ${unleashUrl}` : 'the control plane';
};

function elsewhere(place: string, file: string): never {
  throw new FicusError(
    'FICUS_RUNNING_ELSEWHERE',
    `The running proxy takes its flags from ${place}, and ${file} names another place or none that can be read.`,
  );
}
