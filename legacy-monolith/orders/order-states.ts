/** The life of an order: which action leads from which states to which. */

export const ORDER_STATES = ['placed', 'paid', 'shipped', 'delivered', 'cancelled'] as const;
export type OrderState = (typeof ORDER_STATES)[number];

export const ORDER_ACTIONS = ['pay', 'ship', 'deliver', 'cancel'] as const;
export type OrderAction = (typeof ORDER_ACTIONS)[number];

interface Transition {
  readonly from: readonly OrderState[];
  readonly to: OrderState;
}

const TRANSITIONS: Readonly<Record<OrderAction, Transition>> = {
  pay: { from: ['placed'], to: 'paid' },
  ship: { from: ['paid'], to: 'shipped' },
  deliver: { from: ['shipped'], to: 'delivered' },
  cancel: { from: ['placed', 'paid'], to: 'cancelled' },
};

/** The state after `action`, or undefined when the order's state does not allow it. */
export function nextState(state: OrderState, action: OrderAction): OrderState | undefined {
  const { from, to } = TRANSITIONS[action];
  return from.includes(state) ? to : undefined;
}

/** What may be done with an order in this state. */
export function possibleActions(state: OrderState): readonly OrderAction[] {
  return ORDER_ACTIONS.filter((action) => nextState(state, action) !== undefined);
}
