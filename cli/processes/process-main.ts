/** Entry of the two processes that `ficus up` starts: the first argument selects which. */
import module from 'node:module';
import { connectSupervisor } from './supervisor.ts';

// As in bin/ficus.js: these processes load much code.
module.enableCompileCache?.();
const name = process.argv[2] === 'control' ? 'control' : 'proxy';
const supervisor = connectSupervisor(name);
const { runProcess } = await import('./run-process.ts');
await runProcess(name, supervisor);
