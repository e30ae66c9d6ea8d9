/** Paths in a config are relative to the config file, not to the working directory. */
import { dirname, isAbsolute, join } from 'node:path';
import type { ControlConfig, FicusConfig, FlagsConfig, UpstreamConfig } from '@ficus/core';

interface TlsFiles {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

type Resolve = (path: string) => string;

const resolver =
  (configFile: string): Resolve =>
  (path) =>
    isAbsolute(path) ? path : join(dirname(configFile), path);

function resolveFiles<T extends TlsFiles>({ ca, cert, key, ...rest }: T, resolve: Resolve): T {
  const named = Object.entries({ ca, cert, key }).flatMap(([name, path]) =>
    path ? [[name, resolve(path)]] : [],
  );
  return { ...rest, ...Object.fromEntries(named) } as T;
}

/** The same for `control:` alone. */
export function resolveControl(control: ControlConfig, configFile: string): ControlConfig {
  const resolve = resolver(configFile);
  return {
    ...control,
    ...(control.tls && { tls: resolveFiles(control.tls, resolve) }),
    ...(control.client && { client: resolveFiles(control.client, resolve) }),
  };
}

/** The same for `flags:` alone. */
export function resolveFlags(flags: FlagsConfig, configFile: string): FlagsConfig {
  const resolve = resolver(configFile);
  return {
    ...flags,
    ...(flags.file && { file: resolve(flags.file) }),
    backup: flags.backup !== false && resolve(flags.backup ?? '.ficus'),
  };
}

/** The config with absolute paths for flags, the error page, sockets, certificates, keys and mapping modules. */
export function resolvePaths(config: FicusConfig, configFile: string): FicusConfig {
  const resolve = resolver(configFile);
  const files = <T extends TlsFiles>(tls: T): T => resolveFiles(tls, resolve);
  const upstream = <T extends UpstreamConfig>(given: T): T => {
    const placed = given.socket === undefined ? given : { ...given, socket: resolve(given.socket) };
    return given.tls ? { ...placed, tls: files(given.tls) } : placed;
  };
  const { identify, errorPage, tls } = config.proxy;
  const assert = identify.assert && {
    ...identify.assert,
    keys: identify.assert.keys?.map((key) => (key.file ? { ...key, file: resolve(key.file) } : key)),
  };
  const { control } = config;
  return {
    ...config,
    control: control && resolveControl(control, configFile),
    proxy: {
      ...config.proxy,
      ...(errorPage && { errorPage: resolve(errorPage) }),
      ...(tls && { tls: files(tls) }),
      identify: { ...identify, assert },
    },
    flags: resolveFlags(config.flags, configFile),
    legacy: upstream(config.legacy),
    slices: Object.fromEntries(
      Object.entries(config.slices).map(([name, slice]) => [
        name,
        {
          ...slice,
          candidate: upstream(slice.candidate),
          tables: slice.tables.map((table) =>
            table.module ? { ...table, module: resolve(table.module) } : table,
          ),
        },
      ]),
    ),
  };
}
