/** Paths in a config are relative to the config file, not to the working directory. */
import { dirname, isAbsolute, join } from 'node:path';
import type { FicusConfig, UpstreamConfig } from '@ficus/core';

interface TlsFiles {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** The config with absolute paths for flags, the error page, sockets, certificates, keys and mapping modules. */
export function resolvePaths(config: FicusConfig, configFile: string): FicusConfig {
  const resolve = (path: string) => (isAbsolute(path) ? path : join(dirname(configFile), path));
  const files = <T extends TlsFiles>({ ca, cert, key, ...rest }: T): T => {
    const named = Object.entries({ ca, cert, key }).flatMap(([name, path]) =>
      path ? [[name, resolve(path)]] : [],
    );
    return { ...rest, ...Object.fromEntries(named) } as T;
  };
  const upstream = <T extends UpstreamConfig>(given: T): T => {
    const placed = given.socket === undefined ? given : { ...given, socket: resolve(given.socket) };
    return given.tls ? { ...placed, tls: files(given.tls) } : placed;
  };
  const { identify, errorPage, tls } = config.proxy;
  const assert = identify.assert && {
    ...identify.assert,
    keys: identify.assert.keys?.map((key) => (key.file ? { ...key, file: resolve(key.file) } : key)),
  };
  return {
    ...config,
    proxy: {
      ...config.proxy,
      ...(errorPage && { errorPage: resolve(errorPage) }),
      ...(tls && { tls: files(tls) }),
      identify: { ...identify, assert },
    },
    flags: {
      ...config.flags,
      ...(config.flags.file && { file: resolve(config.flags.file) }),
      backup: config.flags.backup !== false && resolve(config.flags.backup ?? '.ficus'),
    },
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
