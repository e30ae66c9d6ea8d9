/**
 * `FICUS_FAILPOINT=name` kills this process (SIGKILL) when the failpoint of the stream, or the step of a cutover, is reached;
 * `name:count` at the count-th time. What ships does not read the variable: a test's process imports this file, or is started
 * with `node --import` it.
 */
import { CUTOVER_STEPS } from '@ficus/core';
import { FAILPOINTS, setFailpointTrap } from '../../cdc/failpoints.ts';
import { setCutoverTrap } from '../../control/cutover/failpoints.ts';

const wanted = process.env.FICUS_FAILPOINT;
if (wanted) {
  const [name, count = '1'] = wanted.split(':');
  // Otherwise the process would live, and a test that waits for its end would not say why.
  if (!([...FAILPOINTS, ...CUTOVER_STEPS] as readonly (string | undefined)[]).includes(name))
    throw new Error(`there is no failpoint and no step “${name}”`);
  let left = Number(count);
  const dieAt = (reached: string): undefined => {
    if (reached === name && --left === 0) process.kill(process.pid, 'SIGKILL');
  };
  setFailpointTrap(dieAt);
  setCutoverTrap(dieAt);
}
