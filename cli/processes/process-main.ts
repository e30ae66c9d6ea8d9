/** Entry of the two processes that `ficus up` starts: its first argument says which. */
import module from 'node:module';
import { connectSupervisor } from './supervisor.ts';

// As in bin/ficus.js: what these processes load is large.
module.enableCompileCache?.();
const supervisor = connectSupervisor();
const { runProcess } = await import('./run-process.ts');
await runProcess(process.argv[2] === 'control' ? 'control' : 'proxy', supervisor);
