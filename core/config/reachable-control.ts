/**
 * `control:` of a file that is not valid as a whole, or whose variables this shell lacks: as much of it as it takes to
 * reach the control plane. A key that cannot be read is left out, one at a time; never does another address take the
 * place of one that cannot be read.
 */
import { z } from 'zod';
import { configSchema } from './config-schema.ts';
import { type ControlConfig, controlSchema } from './control-schema.ts';

type Given = Readonly<Record<string, unknown>>;

/**
 * @param given `control:` as the YAML parser found it, with variables filled in where they are set
 * @param isFilled whether all variables under this path of `control:` are set
 * @returns undefined without an address that can be read
 */
export function readReachableControl(
  given: Given,
  isFilled: (...path: (string | number)[]) => boolean,
): ControlConfig | undefined {
  // Each key on its own, and without the rules that join them: a token that is missing here is no reason to hide the address.
  const shape: Readonly<Record<string, z.ZodType>> = controlSchema.shape;
  const valid = Object.keys(shape).filter(
    (key) => key in given && isFilled(key) && shape[key]!.safeParse(given[key]).success,
  );
  const read: Record<string, unknown> = Object.fromEntries(valid.map((key) => [key, given[key]]));
  if (!('tokens' in read)) read.tokens = readableTokens(given.tokens, (at) => isFilled('tokens', at));
  // The one that commands connect to: `url`, or else `listen`.
  const address = given.url === undefined ? 'listen' : 'url';
  if (given[address] !== undefined && !(address in read)) return undefined;
  const control = z.strictObject(controlSchema.shape).safeParse(read).data;
  if (control === undefined || control.url !== undefined || !isMap(given.tls) || control.tls) return control;
  // Files of a certificate are the control plane's own; that there is one decides how it is reached.
  return { ...control, url: `https://${control.listen}` };
}

/**
 * Whether a config certainly has no control plane that makes every change of flags. A key that is not known may be a
 * misspelt `control` or `database`.
 */
export function namesNoDatabase({ control, ...config }: Given): boolean {
  if (!hasOnly(config, configSchema.shape)) return false;
  return (
    control === undefined ||
    (isMap(control) && !('database' in control) && hasOnly(control, controlSchema.shape))
  );
}

const hasOnly = (given: object, shape: object): boolean =>
  Object.keys(given).every((key) => Object.hasOwn(shape, key));

/** Of several tokens, those that this shell has: an operator's has no other. */
function readableTokens(given: unknown, isFilled: (at: number) => boolean): unknown[] {
  if (!Array.isArray(given)) return [];
  const { tokens } = controlSchema.shape;
  return given.filter((token, at) => isFilled(at) && tokens.safeParse([token]).success);
}

const isMap = (value: unknown): value is object => value !== null && typeof value === 'object';
