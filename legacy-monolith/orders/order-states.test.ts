import { describe, expect, it } from 'vitest';
import { nextState, ORDER_ACTIONS, ORDER_STATES, possibleActions } from './order-states.ts';

describe('order states', () => {
  it('allow exactly these steps', () => {
    const steps = ORDER_STATES.flatMap((state) =>
      ORDER_ACTIONS.flatMap((action) => {
        const next = nextState(state, action);
        return next ? [`${state} -${action}-> ${next}`] : [];
      }),
    );
    expect(steps).toEqual([
      'placed -pay-> paid',
      'placed -cancel-> cancelled',
      'paid -ship-> shipped',
      'paid -cancel-> cancelled',
      'shipped -deliver-> delivered',
    ]);
  });

  it('offer what is allowed', () => {
    expect(possibleActions('paid')).toEqual(['ship', 'cancel']);
    expect(possibleActions('delivered')).toEqual([]);
  });
});
