/** Where the control plane is, and how it is called, from a proxy's options. */
import type { StartProxyOptions } from '../running-proxy.ts';
import type { ControlAddress } from '../worker/worker-messages.ts';

/** @returns undefined for a proxy without a control plane */
export function controlAddress({
  controlUrl,
  controlToken,
  controlTls,
}: StartProxyOptions): ControlAddress | undefined {
  if (!controlUrl) return undefined;
  const headers: Record<string, string> = controlToken ? { authorization: `Bearer ${controlToken}` } : {};
  return { url: controlUrl.replace(/\/$/, ''), headers, tls: controlTls };
}
