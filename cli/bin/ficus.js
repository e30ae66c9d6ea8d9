#!/usr/bin/env node
import { existsSync } from 'node:fs';

// Plain JavaScript, so that an old Node prints a sentence and not a syntax error.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  console.error(
    `ficus needs Node 22.19 or newer; this is ${process.versions.node}. Update Node, or add one to the project: npm install --save-dev node@24`,
  );
  process.exit(3);
}
// A checkout has the sources, which Node runs directly; the published package has them compiled.
const sources = existsSync(new URL('../main.ts', import.meta.url));
// Without the cache, half of a command's time goes into compiling the same sources again.
const { useCompileCache } = await import(
  sources ? '../processes/compile-cache.ts' : '../dist/processes/compile-cache.js'
);
useCompileCache();
const { main } = await import(sources ? '../main.ts' : '../dist/main.js');
await main(process.argv);
