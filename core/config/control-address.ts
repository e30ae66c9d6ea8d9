/** Where proxies and commands reach the control plane. */

export interface ReachedControl {
  readonly listen: string;
  readonly tls?: object | undefined;
  readonly url?: string | undefined;
}

/** Base URL: `control.url`, or the address that it listens on. */
export function controlUrl({ url, tls, listen }: ReachedControl): string {
  return url?.replace(/\/+$/, '') ?? `${tls ? 'https' : 'http'}://${listen}`;
}
