/** How a proxy with this config connects to its control plane. */
import { type ControlConfig, controlUrl, tokenFor } from '@ficus/core';
import type { StartProxyOptions } from '@ficus/proxy';

export function controlLink(
  control: ControlConfig,
): Pick<StartProxyOptions, 'controlUrl' | 'controlToken' | 'controlTls'> {
  return {
    controlUrl: controlUrl(control),
    controlToken: tokenFor(control, 'report'),
    controlTls: control.client,
  };
}
