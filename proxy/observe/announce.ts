/** The line that says where something listens: the process that started it waits for that line, at any log level. */
import type { Logger } from 'pino';

export function announce(logger: Logger, facts: Readonly<Record<string, unknown>>, message: string): void {
  const { level } = logger;
  if (!logger.isLevelEnabled('info')) logger.level = 'info';
  logger.info(facts, message);
  logger.level = level;
}
