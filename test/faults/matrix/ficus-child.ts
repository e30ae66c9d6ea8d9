/**
 * A control plane or a proxy as a process that the matrix can kill. Communicates over its parent's IPC channel; a control plane
 * waits at the step that the matrix names, until a message lets it continue.
 */
import { startControl } from '@ficus/control';
import { type CutoverStep, configSchema, type FicusConfigInput } from '@ficus/core';
import { startProxy } from '@ficus/proxy';
import { pino } from 'pino';
import { setCutoverTrap } from '../../../control/cutover/failpoints.ts';

export interface ChildOrder {
  readonly role: 'control' | 'proxy';
  readonly document: FicusConfigInput;
  /** Of a proxy. */
  readonly controlUrl?: string;
}

export type ToChild = { readonly type: 'trap'; readonly step: CutoverStep } | { readonly type: 'continue' };

export type FromChild =
  | { readonly type: 'listening'; readonly address: string }
  | { readonly type: 'reached'; readonly step: CutoverStep };

const order = JSON.parse(process.argv[2] ?? '{}') as ChildOrder;
// A proxy writes where it listens at any level.
const logger = process.env.FICUS_LOG_LEVEL
  ? pino({ level: process.env.FICUS_LOG_LEVEL }, pino.destination(2))
  : pino({ level: 'silent' }, { write: () => undefined });
let wanted: CutoverStep | undefined;
let resume: () => void = () => undefined;

function say(message: FromChild): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

setCutoverTrap((step) => {
  if (step !== wanted) return undefined;
  wanted = undefined;
  say({ type: 'reached', step });
  return new Promise((resolve) => {
    resume = resolve;
  });
});

process.on('disconnect', () => process.exit(0));
process.on('message', (message: ToChild) => {
  if (message.type === 'trap') wanted = message.step;
  else resume();
});

const config = configSchema.parse(order.document);
const running =
  order.role === 'control'
    ? await startControl({ config, logger })
    : await startProxy({ config, logger, controlUrl: order.controlUrl! });
process.on('SIGTERM', () => void running.stop().then(() => process.exit(0)));
say({ type: 'listening', address: running.address });
