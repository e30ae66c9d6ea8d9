/** The last minute of each slice, from the workers' counts, for /status. The caller supplies the clock. */
import {
  isUnderFlag,
  type RecentSideTraffic,
  type RecentSliceTraffic,
  type Side,
  sharePercent,
  type TrafficCount,
} from '@ficus/core';

const WINDOW_SECONDS = 60;

interface SideSum {
  requests: number;
  /** Of them, those that the serve flag decided. */
  decided: number;
  failures: number;
  durationMs: number;
}

type SliceSum = Readonly<Record<Side, SideSum>>;

interface Second {
  readonly second: number;
  readonly slices: Map<string, SliceSum>;
}

export class RecentTraffic {
  /** Oldest first. */
  #seconds: Second[] = [];

  add(traffic: readonly TrafficCount[], now: number): void {
    const { slices } = this.#at(Math.floor(now / 1000));
    for (const { slice, side, reason, requests, failures, durationMs } of traffic) {
      const sum = slices.get(slice) ?? newSum();
      slices.set(slice, sum);
      sum[side].requests += requests;
      sum[side].failures += failures;
      sum[side].durationMs += durationMs;
      if (isUnderFlag(reason)) sum[side].decided += requests;
    }
  }

  of(slice: string, now: number): RecentSliceTraffic {
    this.#forget(Math.floor(now / 1000));
    const sums = this.#seconds.flatMap(({ slices }) => slices.get(slice) ?? []);
    const decided = (side: Side) => total(sums, side, 'decided');
    const all = decided('legacy') + decided('candidate');
    return {
      windowSeconds: WINDOW_SECONDS,
      legacy: viewOf(sums, 'legacy'),
      candidate: viewOf(sums, 'candidate'),
      candidateSharePercent: sharePercent(decided('candidate'), all),
    };
  }

  #at(second: number): Second {
    this.#forget(second);
    const last = this.#seconds.at(-1);
    if (last?.second === second) return last;
    const fresh: Second = { second, slices: new Map() };
    this.#seconds.push(fresh);
    return fresh;
  }

  #forget(second: number): void {
    this.#seconds = this.#seconds.filter((one) => one.second > second - WINDOW_SECONDS);
  }
}

function newSum(): SliceSum {
  const side = (): SideSum => ({ requests: 0, decided: 0, failures: 0, durationMs: 0 });
  return { legacy: side(), candidate: side() };
}

function viewOf(sums: readonly SliceSum[], side: Side): RecentSideTraffic {
  const requests = total(sums, side, 'requests');
  return {
    requests,
    failures: total(sums, side, 'failures'),
    meanMs: requests === 0 ? null : total(sums, side, 'durationMs') / requests,
  };
}

const total = (sums: readonly SliceSum[], side: Side, field: keyof SideSum): number =>
  sums.reduce((sum, one) => sum + one[side][field], 0);
