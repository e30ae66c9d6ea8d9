/**
 * The admin API as functions, for the command line, the demo and programs. A refusal is thrown as the FicusError that
 * the control plane answered with; a control plane that does not answer is FICUS_CONTROL_UNREACHABLE, and
 * FICUS_CONTROL_OUTCOME_UNKNOWN when it may have received the change that it was asked for.
 */
import { userInfo } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeTlsError, FicusError, isErrorCode } from '@ficus/core';
import type { AuditEntryView } from './audit-view.ts';
import type { RunningControlConfig } from './config-view.ts';
import type { ControlProblem } from './control-problem.ts';
import type { CutoverView } from './cutover-view.ts';
import type { CopyView, LeftoverView, ReplicationView } from './replication-view.ts';
import type { FlagChangeView, SliceView } from './slice-view.ts';
import type { ProxyInfo } from './traffic-view.ts';
import type { VerifyView } from './verify-view.ts';
import type { WritersView } from './writers-view.ts';

export interface PercentChange {
  readonly percent: number;
  /** Why, for the audit. */
  readonly reason?: string | undefined;
  /** Override guards that refuse; only for the serve flag. The audit names them. */
  readonly force?: boolean | undefined;
}

export interface ControlClient {
  slices(): Promise<SliceView[]>;
  slice(name: string): Promise<SliceView>;
  setServe(name: string, change: PercentChange): Promise<FlagChangeView>;
  setShadow(name: string, change: PercentChange): Promise<FlagChangeView>;
  replication(name: string): Promise<ReplicationView>;
  /** Starts or continues the first copy; `restart` drops what was copied. */
  copy(name: string, options?: { readonly restart?: boolean; readonly reason?: string }): Promise<CopyView>;
  startVerify(name: string, how?: VerifyHow): Promise<VerifyView>;
  verifyRun(name: string): Promise<VerifyView>;
  /** Starts a verify and waits for its end. */
  verify(name: string, options?: VerifyFollow): Promise<VerifyView>;
  resetParity(name: string, reason?: string): Promise<SliceView>;
  /** Who writes the slice's tables. */
  writers(name: string): Promise<WritersView>;
  /** Begins to record writers, or ends it; `again` forgets what was found. */
  observeWriters(name: string, change: ObserveChange): Promise<WritersView>;
  audit(query?: {
    readonly slice?: string;
    readonly limit?: number;
    readonly before?: number;
  }): Promise<AuditEntryView[]>;
  proxies(): Promise<ProxyInfo[]>;
  /** Begins; `followCutover` shows its progress and its end. */
  cutover(name: string, wish?: OwnerChange): Promise<CutoverView>;
  rollback(name: string, wish?: OwnerChange): Promise<CutoverView>;
  /** Ends both streams, and with them the way back. @param confirm the slice's name */
  retire(name: string, wish: { readonly confirm: string; readonly reason?: string }): Promise<CutoverView>;
  /** Ends what an earlier attempt left half done, forward or back, as the journal says. */
  resumeCutover(name: string): Promise<CutoverView>;
  cutoverState(name: string): Promise<CutoverView>;
  /** Calls back with each change of the attempt under way, and resolves with its end. */
  followCutover(name: string, options?: CutoverFollow): Promise<CutoverView>;
  /** The config that the control plane runs. */
  runningConfig(): Promise<RunningControlConfig>;
  /** Slots and publications that no slice of the config uses, and attempts that it does not let end. */
  leftovers(): Promise<LeftoverView[]>;
}

export interface ObserveChange {
  readonly on: boolean;
  readonly again?: boolean | undefined;
  /** Why, for the audit. */
  readonly reason?: string | undefined;
}

interface VerifyHow {
  /** All rows (default), or those changed since the last full comparison. */
  readonly mode?: 'full' | 'changed' | undefined;
  /** A random sample of about this many rows per side, in place of `mode`. */
  readonly sample?: number | undefined;
  /** Continue where the last full run was interrupted. */
  readonly resume?: boolean | undefined;
}

export interface OwnerChange {
  /** Do everything but the hold, and tell what would happen. */
  readonly dryRun?: boolean | undefined;
  /** Accept that a rollback would lose what is written afterwards; needs `confirm`. */
  readonly noWayBack?: boolean | undefined;
  /** The slice's name. */
  readonly confirm?: string | undefined;
  /** Why, for the audit. */
  readonly reason?: string | undefined;
}

interface CutoverFollow {
  readonly onProgress?: (view: CutoverView) => void;
  /** Stops watching, not the attempt: the pending call fails. */
  readonly signal?: AbortSignal;
}

interface VerifyFollow extends VerifyHow {
  readonly onProgress?: (run: VerifyView) => void;
  /** Stops watching, not the run: the pending call fails. */
  readonly signal?: AbortSignal;
  readonly pollMs?: number;
}

type SendRequest = (url: string, init: RequestInit) => Promise<Response>;

const CALL_TIMEOUT_MS = 30_000;
/** How long the control plane waits for a change before it answers with none. */
const FOLLOW_MS = 10_000;

/**
 * ISO time by the control plane's clock, as /healthz tells it. After it the control plane makes no change that raises a
 * share or empties tables: one that hung would make it when its caller has long given up, and set something else.
 */
export const CHANGE_EXPIRES_HEADER = 'x-ficus-expires';

/**
 * @param actor who makes the changes, for the audit; by default the user that runs this process
 * @param callTimeoutMs how long each answer may take
 * @param send in place of `fetch`, for a control plane with an authority of its own
 */
export function createControlClient(
  baseUrl: string,
  token?: string,
  actor = defaultActor(),
  callTimeoutMs = CALL_TIMEOUT_MS,
  send: SendRequest = fetch,
): ControlClient {
  const call = makeCall(baseUrl.replace(/\/+$/, ''), token, actor, callTimeoutMs, send);
  const at = (name: string, rest = '') => `/api/v1/slices/${encodeURIComponent(name)}${rest}`;
  const startVerify = (name: string, { mode, sample, resume }: VerifyHow = {}) =>
    call<VerifyView>('POST', at(name, '/verify'), { mode, sample, resume });
  const verifyRun = (name: string, signal?: AbortSignal) =>
    call<VerifyView>('GET', at(name, '/verify'), undefined, { signal });
  return {
    slices: async () => (await call<{ slices: SliceView[] }>('GET', '/api/v1/slices')).slices,
    slice: (name) => call('GET', at(name)),
    setServe: (name, { percent, reason, force }) =>
      call('PUT', at(name, '/serve'), { percent, reason, force }, { expires: percent > 0 }),
    setShadow: (name, { percent, reason }) =>
      call('PUT', at(name, '/shadow'), { percent, reason }, { expires: percent > 0 }),
    replication: (name) => call('GET', at(name, '/replication')),
    copy: (name, options = {}) => call('POST', at(name, '/copy'), options, { expires: options.restart }),
    startVerify,
    verifyRun: (name) => verifyRun(name),
    verify: async (name, options = {}) => {
      let run = await startVerify(name, options);
      while (run.state === 'running') {
        options.onProgress?.(run);
        await sleep(options.pollMs ?? 200, undefined, options.signal ? { signal: options.signal } : {});
        run = await verifyRun(name, options.signal);
      }
      options.onProgress?.(run);
      return run;
    },
    cutover: (name, wish = {}) => call('POST', at(name, '/cutover'), wish, { expires: true }),
    rollback: (name, wish = {}) => call('POST', at(name, '/rollback'), wish, { expires: true }),
    retire: (name, wish) => call('POST', at(name, '/retire'), wish, { expires: true }),
    resumeCutover: (name) => call('POST', at(name, '/cutover/resume'), {}),
    cutoverState: (name) => call('GET', at(name, '/cutover')),
    followCutover: async (name, { onProgress, signal } = {}) => {
      let view = await call<CutoverView>('GET', at(name, '/cutover'), undefined, { signal });
      while (view.attempt !== null && view.attempt.finishedAt === null) {
        onProgress?.(view);
        const path = `/cutover?after=${view.version}&waitMs=${FOLLOW_MS}`;
        view = await call('GET', at(name, path), undefined, { signal });
      }
      onProgress?.(view);
      return view;
    },
    resetParity: (name, reason) => call('POST', at(name, '/parity/reset'), { reason }),
    writers: (name) => call('GET', at(name, '/writers')),
    observeWriters: (name, { on, again, reason }) =>
      call('POST', at(name, '/writers/observe'), { on, again, reason }, { expires: on }),
    audit: async (query = {}) => {
      const parameters = new URLSearchParams();
      for (const [key, value] of Object.entries(query))
        if (value !== undefined) parameters.set(key, String(value));
      return (await call<{ entries: AuditEntryView[] }>('GET', `/api/v1/audit?${parameters}`)).entries;
    },
    leftovers: async () => (await call<{ leftovers: LeftoverView[] }>('GET', '/api/v1/leftovers')).leftovers,
    runningConfig: () => call('GET', '/api/v1/config'),
    proxies: async () => (await call<{ proxies: ProxyInfo[] }>('GET', '/api/v1/proxies')).proxies,
  };
}

interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** The control plane is to make the change only while this call waits. */
  readonly expires?: boolean | undefined;
}

function makeCall(
  base: string,
  token: string | undefined,
  actor: string | undefined,
  timeoutMs: number,
  send: SendRequest,
) {
  return async function call<T>(
    method: string,
    path: string,
    body?: unknown,
    { signal, expires = false }: CallOptions = {},
  ): Promise<T> {
    const timeout = AbortSignal.timeout(timeoutMs);
    const expiry = expires ? await readExpiry(send, base, timeout, timeoutMs) : undefined;
    const { ok, status, text } = await reach(send, base, path, {
      method,
      headers: {
        accept: 'application/json',
        ...(actor === undefined ? {} : { 'x-ficus-actor': actor }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(expiry === undefined ? {} : { [CHANGE_EXPIRES_HEADER]: expiry }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    if (!ok) throw toError(base, status, text);
    return JSON.parse(text) as T;
  };
}

/**
 * When the call will have timed out, by the clock of the control plane: that of this machine may differ. One that hangs is not
 * sent the change at all. `undefined` for one of an earlier version, which does not tell the time.
 */
async function readExpiry(
  send: SendRequest,
  base: string,
  timeout: AbortSignal,
  timeoutMs: number,
): Promise<string | undefined> {
  const startedAt = performance.now();
  const { text } = await reach(send, base, '/healthz', { method: 'GET', signal: timeout }).catch((cause) => {
    if (!(cause instanceof FicusError)) throw cause;
    throw new FicusError(cause.code, `${cause.message} The change was not sent.`, { cause });
  });
  const now = Date.parse(/"now":"([^"]+)"/.exec(text)?.[1] ?? '');
  if (Number.isNaN(now)) return undefined;
  return new Date(now + timeoutMs - (performance.now() - startedAt)).toISOString();
}

/** Reads the whole answer: an answer that breaks off counts as none. */
async function reach(
  send: SendRequest,
  base: string,
  path: string,
  init: RequestInit,
): Promise<{ ok: boolean; status: number; text: string }> {
  try {
    const response = await send(`${base}${path}`, init);
    return { ok: response.ok, status: response.status, text: await response.text() };
  } catch (cause) {
    const why = describeTlsError(cause);
    if (why === undefined && init.method !== 'GET' && mayHaveArrived(cause))
      throw unanswered(base, init, cause);
    const message = `No control plane answers at ${base}${why === undefined ? '' : `: ${why}; see control.client`}.`;
    throw new FicusError('FICUS_CONTROL_UNREACHABLE', message, { cause });
  }
}

/** Refused connections and refused certificates come before the request: anything later may have delivered it. */
function mayHaveArrived(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (cause.name === 'TimeoutError' || (code !== undefined && AFTER_CONNECTING.has(code))) return true;
  }
  return false;
}

/** Node's, and those of undici, its `fetch`. */
const AFTER_CONNECTING: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'EPIPE',
  'UND_ERR_SOCKET',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);

function unanswered(base: string, { headers = {}, signal }: RequestInit, cause: unknown): FicusError {
  const hasExpired = CHANGE_EXPIRES_HEADER in headers && signal?.aborted === true;
  const outcome = hasExpired
    ? 'It may have made the change; if it has not begun to, it will not make it any more.'
    : 'The change may still take effect.';
  const message = `The control plane at ${base} has not answered. ${outcome}`;
  return new FicusError('FICUS_CONTROL_OUTCOME_UNKNOWN', message, { cause });
}

function toError(base: string, status: number, text: string): FicusError {
  try {
    const problem = JSON.parse(text) as Partial<ControlProblem>;
    if (problem.code !== undefined && isErrorCode(problem.code))
      return new FicusError(problem.code, problem.detail ?? problem.title ?? `status ${status}`, {
        details: {
          ...(problem.errors !== undefined && { errors: problem.errors }),
          ...(problem.guards !== undefined && { guards: problem.guards }),
        },
      });
  } catch {
    // Not one of our problem documents: reported below.
  }
  return new FicusError(
    'FICUS_CONTROL_UNREACHABLE',
    `The server at ${base} is not a Ficus control plane (status ${status}).`,
  );
}

/** For the audit: the user that runs this process; undefined where the system does not name it. */
export function defaultActor(): string | undefined {
  const named = process.env.USER || process.env.LOGNAME;
  if (named) return named;
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}
