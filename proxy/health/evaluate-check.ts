/**
 * What one more check says about an address: the state machine of a health check. Pure. Where nothing is known yet, one
 * answer is evidence enough of health, but no single failure is of the contrary.
 *
 *     unknown ──passed──▶ healthy ──unhealthyAfter failed in a row──▶ unhealthy
 *        │                   ▲                                          ▲  │
 *        │                   └─────── healthyAfter passed in a row ─────┼──┘
 *        └──────────────── unhealthyAfter failed in a row ──────────────┘
 */
export type CheckState =
  | { readonly kind: 'unknown' | 'healthy'; readonly failed: number }
  | { readonly kind: 'unhealthy'; readonly passed: number };

export interface CheckThresholds {
  readonly healthyAfter: number;
  readonly unhealthyAfter: number;
}

export const UNCHECKED: CheckState = { kind: 'unknown', failed: 0 };

const HEALTHY: CheckState = { kind: 'healthy', failed: 0 };

export function evaluateCheck(state: CheckState, passes: boolean, thresholds: CheckThresholds): CheckState {
  if (state.kind === 'unhealthy') {
    const passed = passes ? state.passed + 1 : 0;
    return passed >= thresholds.healthyAfter ? HEALTHY : { kind: 'unhealthy', passed };
  }
  if (passes) return HEALTHY;
  const failed = state.failed + 1;
  return failed >= thresholds.unhealthyAfter
    ? { kind: 'unhealthy', passed: 0 }
    : { kind: state.kind, failed };
}
