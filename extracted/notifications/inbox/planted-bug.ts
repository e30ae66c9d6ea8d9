/**
 * A FAULT PLANTED ON PURPOSE, off unless the process is started with PLANTED_BUG=1.
 *
 * It is of the kind that passes review: "amounts are numbers, so parse them". The monolith sends an order's total
 * as text ("49.90") so that no cent is lost; with the fault the service sends 49.9. Only notifications about orders
 * carry a total, so most fields of most answers are right, and a smoke test sees nothing. The demo shows that
 * comparing real answers does.
 */
import { type Presenter, presentNotification } from './notifications.ts';

export const presentWithPlantedBug: Presenter = (row) => {
  const { total } = row.payload;
  if (typeof total !== 'string') return presentNotification(row);
  return presentNotification({ ...row, payload: { ...row.payload, total: Number.parseFloat(total) } });
};
