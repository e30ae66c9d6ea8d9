/** Every guard's answer for one slice: the data guard, then those whose bounds the config sets. */
import type { EvaluatedGuard, GuardBound, GuardsConfig, NamedGuardAnswer } from '@ficus/core';
import { evaluateData } from './data-guard.ts';
import type { GuardFacts } from './guard.ts';
import { GUARDS } from './guard-registry.ts';

export function evaluateGuards(facts: GuardFacts, config: GuardsConfig): NamedGuardAnswer[] {
  const configured = (Object.keys(GUARDS) as EvaluatedGuard[]).flatMap((guard) => ask(guard, facts, config));
  return [{ guard: 'data', ...evaluateData(facts) }, ...configured];
}

function ask<K extends EvaluatedGuard>(
  guard: K,
  facts: GuardFacts,
  config: GuardsConfig,
): NamedGuardAnswer[] {
  const bound = config[guard] as GuardBound<K> | undefined;
  return bound === undefined ? [] : [{ guard, ...GUARDS[guard](facts, bound) }];
}
