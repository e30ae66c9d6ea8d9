/** Entry of the two processes that `ficus up` starts: the first argument selects which. */
import { useCompileCache } from './compile-cache.ts';
import { connectSupervisor } from './supervisor.ts';

// As in bin/ficus.js: these processes load much code.
useCompileCache();
const name = process.argv[2] === 'control' ? 'control' : 'proxy';
const supervisor = connectSupervisor(name);
const { runProcess } = await import('./run-process.ts');
await runProcess(name, supervisor);
