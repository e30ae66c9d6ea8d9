/**
 * Who must acknowledge an attempt, and who has: each proxy that may send a write of the slice. A lease only decides how long
 * a silent proxy is waited for; what it has sent by then, the fence of the old owner waits for or refuses.
 */
import type { SliceHold } from '@ficus/core';

/** A proxy that may send writes of the slice. */
export interface LeaseMember {
  /** For people: its own word. */
  readonly name: string;
  /** Whence its reports come, and with whose token: that can be taken away. Undefined where nothing is known besides. */
  readonly from: string | undefined;
  /** Its state stream is open. */
  readonly connected: boolean;
  /** It tells who it is; one of an earlier version does not, and cannot acknowledge. */
  readonly known: boolean;
  /** Milliseconds since its last report; undefined without one. */
  readonly silentMs: number | undefined;
  /** Its last acknowledgement of this attempt, and when it arrived. */
  readonly hold: (SliceHold & { readonly receivedAt: number }) | undefined;
}

export type LeasePhase =
  /** Each writes under a lease only. */
  | 'leased'
  /** None has a write under way that may not end soon, or a lease that only a lost proxy has. */
  | 'free'
  /** Each holds, and what it had sent has ended. */
  | 'drained';

export interface LeaseAnswer {
  /** Who is missing, and why: one sentence each. Empty: all have acknowledged. */
  readonly missing: readonly string[];
  /** Who can hold no more. */
  readonly full: string | undefined;
  /** When a lease runs out that is waited for. */
  readonly nextAt: number | undefined;
}

/** @param outMs a proxy is counted out so long after its last acknowledgement: its lease, and a margin for clocks */
export function evaluateLeases(
  members: readonly LeaseMember[],
  phase: LeasePhase,
  outMs: number,
  now: number,
): LeaseAnswer {
  const waits = members.map((member) => ({ member, wait: waitFor(member, phase, outMs, now) }));
  const missing = waits.flatMap(({ member, wait }) => (wait ? [`${labelOf(member)} ${wait.why}.`] : []));
  const full = members.find(({ hold }) => hold?.full);
  const ends = waits.flatMap(({ wait }) => (wait?.until === undefined ? [] : [wait.until]));
  return {
    missing,
    full: full && labelOf(full),
    nextAt: ends.length === 0 ? undefined : Math.min(...ends),
  };
}

const labelOf = ({ name, from }: LeaseMember): string => (from === undefined ? name : `${name} (${from})`);

interface Wait {
  readonly why: string;
  readonly until?: number;
}

function waitFor(member: LeaseMember, phase: LeasePhase, outMs: number, now: number): Wait | undefined {
  const { hold, connected, known, silentMs } = member;
  if (hold === undefined) {
    if (!known) return { why: 'does not tell who it is: it runs an earlier version' };
    if (connected) return { why: 'has not acknowledged' };
    // One that came and left meanwhile writes for a lease at most, as one that never came would: the fence refuses it.
    if (phase === 'drained') return undefined;
    const seconds = Math.round((silentMs ?? 0) / 1_000);
    return { why: `is not connected; its last report came ${seconds} s ago` };
  }
  if (phase === 'leased') return undefined;
  const clients = hold.inFlight - (hold.orphaned ?? 0);
  const until = hold.receivedAt + outMs;
  if (now >= until) return undefined;
  if (phase === 'free') {
    // It may be gone: its lease runs out here, where no write waits for that.
    if (!connected) return { why: 'is not connected any more', until };
    const isFree = clients <= 0 || describeEndless(hold) === '';
    return isFree ? undefined : { why: `still has ${describeEndless(hold)}`, until };
  }
  if (hold.writes === 'held' && clients <= 0) return undefined;
  const why = hold.writes === 'held' ? `still has ${describeFlight(hold, clients)}` : 'does not hold yet';
  return { why, until };
}

function describeFlight(hold: SliceHold, clients: number): string {
  const endless = describeEndless(hold);
  const writes = `${clients} ${clients === 1 ? 'write' : 'writes'} under way`;
  return endless === '' ? writes : `${writes} (${endless})`;
}

/** Empty when there is none. */
function describeEndless({ endless = {} }: SliceHold): string {
  return Object.entries(endless)
    .map(([route, count]) => `${count} of ${route} that may not end soon`)
    .join(', ');
}
