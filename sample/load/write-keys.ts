/**
 * The keys under which a write of the load is found again in either database: what was written, whose, and, where a later
 * write of the same user replaces it, the value. Made by the crowd, read by sample/demo/find-writes.ts. Pure.
 */
export const markKey = (notification: number): string => `mark ${notification}`;
/** An order is a row of the monolith; the notification of it is the slice's. */
export const orderKey = (order: number): string => `order ${order}`;
export const preferencesKey = (customer: number, sms: boolean): string => `preferences ${customer} ${sms}`;

/** An order is written by the monolith, outside the slice's routes: it is never held. */
export const isOrder = (key: string): boolean => key.startsWith('order ');

/** What a later write replaces: the same for both. */
export const placeOf = (key: string): string => key.split(' ').slice(0, 2).join(' ');

export const isReplaceable = (key: string): boolean => key.startsWith('preferences ');
