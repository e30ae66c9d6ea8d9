/**
 * The link to the control plane, held by the primary. The proxy always initiates; while the control plane is
 * unreachable, everything continues with the last known state, and reports accumulate until it is back.
 */
import {
  type ControlClientConfig,
  type HoldReport,
  LINK_PATHS,
  type PositionsAnswer,
  type PositionsRequest,
  PROXY_ID_HEADER,
  type ProgressEvent,
  type ProxyReport,
  type StateEvent,
  type TracedWrite,
} from '@ficus/core';
import type { CountersDelta } from '../observe/traffic-counters.ts';
import { EventStream } from './event-stream.ts';
import { PostFailure, postJson } from './post-json.ts';
import { ReportSum } from './report-sum.ts';

/** Current facts for a report, besides the counts. */
export type ReportFacts = Pick<
  ProxyReport,
  | 'name'
  | 'workers'
  | 'epochs'
  | 'breakersOpen'
  | 'breakersOnErrors'
  | 'failingChecks'
  | 'configRefused'
  | 'busy'
  | 'busyUntilMs'
  | 'clockMs'
  | 'endless'
>;

interface ControlLinkOptions {
  readonly controlUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls?: ControlClientConfig | undefined;
  readonly proxyId: string;
  readonly onState: (event: StateEvent) => void;
  readonly onProgress: (event: ProgressEvent) => void;
  readonly onUp: () => void;
  readonly onDown: (reason: string) => void;
  /** A report is refused for good: its counts are lost to the control plane. Not called again until one is taken. */
  readonly onRefused: (reason: string) => void;
  /** Current facts for a report. */
  readonly facts: () => ReportFacts;
  /** A report with these facts was answered. */
  readonly onReported?: (facts: ReportFacts) => void;
}

const POST_MS = 5_000;
const REPORT_EACH_MS = 1_000;
/** The same report would be refused again. */
const REFUSED_FOR_GOOD = new Set([400, 413, 422]);

export class ControlLink {
  readonly #options: ControlLinkOptions;
  readonly #base: string;
  readonly #stream: EventStream;
  readonly #sum = new ReportSum();
  readonly #timer: NodeJS.Timeout;
  #lastFacts = '';
  #refused = false;
  #reporting: Promise<void> | undefined;

  constructor(options: ControlLinkOptions) {
    this.#options = options;
    this.#base = options.controlUrl.replace(/\/$/, '');
    this.#stream = new EventStream({
      url: `${this.#base}${LINK_PATHS.stream}`,
      headers: { ...options.headers, [PROXY_ID_HEADER]: options.proxyId },
      tls: options.tls,
      onUp: options.onUp,
      onDown: (reason) => {
        // The next control plane may be another process, which does not have our facts.
        this.#lastFacts = '';
        options.onDown(reason);
      },
      onEvent: ({ event, data }) => this.#take(event, data),
      silenceMs: 30_000,
    });
    this.#timer = setInterval(() => void this.report(), REPORT_EACH_MS);
    this.#timer.unref();
  }

  async askPositions(
    slices: readonly string[],
    writes: readonly TracedWrite[] | undefined,
  ): Promise<PositionsAnswer['positions']> {
    const request: PositionsRequest = { slices, writes };
    const answer = (await this.#post(LINK_PATHS.positions, request)) as PositionsAnswer;
    return answer.positions;
  }

  /**
   * Returns the slices whose leases are renewed: all of the report's, unless some are refused.
   * @throws PostFailure without an answer within this time, or where it renews none
   */
  async postHolds(report: HoldReport, withinMs: number): Promise<readonly string[]> {
    try {
      await this.#post(LINK_PATHS.holds, report, withinMs);
      return Object.keys(report.slices);
    } catch (error) {
      if (error instanceof PostFailure && error.renewed.length > 0) return error.renewed;
      throw error;
    }
  }

  addCounts(delta: CountersDelta): void {
    this.#sum.add(delta);
  }

  /**
   * Sends a report, unless it is empty and all is well. One without an answer is sent again, with its number and counts,
   * until it has one; what is counted meanwhile goes into the next.
   */
  async report(): Promise<void> {
    const facts = this.#options.facts();
    const factsText = JSON.stringify(facts);
    // A trouble is reported until it ends: silence means that this proxy has ended.
    const isNews = !this.#sum.empty || factsText !== this.#lastFacts || hasTrouble(facts);
    if (this.#reporting || !isNews) return;
    this.#reporting = this.#deliver(facts, factsText);
    await this.#reporting;
  }

  async #deliver(facts: ReportFacts, factsText: string): Promise<void> {
    const counts = this.#sum.next();
    try {
      await this.#post(LINK_PATHS.report, { proxyId: this.#options.proxyId, ...facts, ...counts });
      this.#sum.settle();
      this.#lastFacts = factsText;
      this.#refused = false;
      this.#options.onReported?.(facts);
    } catch (error) {
      if (error instanceof PostFailure && REFUSED_FOR_GOOD.has(error.status ?? 0)) this.#giveUp(error);
    } finally {
      this.#reporting = undefined;
    }
  }

  #giveUp({ message }: PostFailure): void {
    this.#sum.settle();
    if (!this.#refused) this.#options.onRefused(message);
    this.#refused = true;
  }

  /** Delivers the rest, as far as the control plane accepts it. */
  async stop(): Promise<void> {
    this.#stream.stop();
    clearInterval(this.#timer);
    // The report in progress does not contain what was counted since it left.
    await this.#reporting;
    await this.report();
    // What was counted while an earlier one had no answer.
    if (this.#sum.settled && !this.#sum.empty) await this.report();
  }

  #take(event: string, data: string): void {
    try {
      if (event === 'state') this.#options.onState(JSON.parse(data) as StateEvent);
      else if (event === 'progress') this.#options.onProgress(JSON.parse(data) as ProgressEvent);
    } catch (error) {
      this.#options.onDown(`event “${event}” cannot be read: ${String(error)}`);
    }
  }

  #post(path: string, body: unknown, withinMs = POST_MS): Promise<unknown> {
    const { headers, tls } = this.#options;
    return postJson(`${this.#base}${path}`, body, headers, AbortSignal.timeout(withinMs), tls);
  }
}

const hasTrouble = ({ breakersOpen = {}, failingChecks, configRefused = null }: ReportFacts): boolean =>
  failingChecks !== undefined || configRefused !== null || Object.keys(breakersOpen).length > 0;
