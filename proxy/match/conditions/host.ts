/** `host: shop.example.com` or `host: '*.example.com'`, without port. */
import type { Condition } from './condition.ts';

/** Exact and anchored: `evillocalhost` is not `localhost` (CVE-2026-55602); `*.` stands for one label. */
export function compileHost(pattern: string): Condition[] {
  const wanted = pattern.toLowerCase();
  const matches = wanted.startsWith('*.')
    ? hasOneLabelBefore(wanted.slice(1))
    : (host: string) => host === wanted;
  return [{ needs: `host is ${pattern}`, holds: ({ host }) => matches(hostName(host)) }];
}

function hasOneLabelBefore(suffix: string): (host: string) => boolean {
  return (host) => {
    const label = host.slice(0, -suffix.length);
    return host.endsWith(suffix) && label !== '' && !label.includes('.');
  };
}

/** Host field without port, in lower case, without the root's dot. */
function hostName(host: string): string {
  const bare = host.startsWith('[') ? host.slice(0, host.indexOf(']') + 1) : host.replace(/:\d*$/, '');
  return (bare.endsWith('.') ? bare.slice(0, -1) : bare).toLowerCase();
}
