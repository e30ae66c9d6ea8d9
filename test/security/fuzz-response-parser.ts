/**
 * Fuzzes the response parser for any length of time: valid responses are damaged, and
 * test/security/fuzz/check-parser.ts checks the parser's result. Each finding is printed with the seed that repeats it.
 */
import { parseArgs } from 'node:util';
import { findFault } from './fuzz/check-parser.ts';
import { makeSample, seededRandom } from './fuzz/mutate-response.ts';

const HELP = `node test/security/fuzz-response-parser.ts [--seconds N] [--seed N] [--one] [--json]

Feeds damaged HTTP/1.1 responses to the proxy's response parser. A finding is a response on which it throws, that it
accepts although a strict reference reader refuses it, that it reads otherwise than the reference, or that it reads
otherwise when its bytes are cut otherwise. (A parser that hangs does not come back: the progress stops.)

  --seconds N   how long; 60 by default
  --seed N      first seed; each sample has a seed of its own, counted up from here; by default from the clock
  --one         only the sample of --seed, printed: to look at a finding
  --json        one JSON document on stdout; progress goes to stderr

Exit status: 0 nothing found · 1 something found · 2 used wrongly
`;

/** More findings than this are probably the same one. */
const MOST_FINDINGS = 10;
const REPORT_EACH_MS = 5_000;

interface Finding {
  readonly seed: number;
  readonly fault: string;
  readonly text: string;
}

/** The fault that the sample of a seed finds, if any. */
export function trySeed(seed: number): Finding | undefined {
  const random = seededRandom(seed);
  const sample = makeSample(random);
  const fault = findFault(sample, random);
  return fault === undefined ? undefined : { seed, fault, text: `${sample.method} ${sample.text}` };
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        seconds: { type: 'string', default: '60' },
        seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
        one: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    const [seconds, seed] = [Number(values.seconds), Number(values.seed)];
    if (!(seconds > 0) || !Number.isSafeInteger(seed) || seed < 0)
      throw new Error('--seconds and --seed are numbers');
    return { ...values, seconds, seed };
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${HELP}`);
    return undefined;
  }
}

function run(seconds: number, firstSeed: number): { samples: number; findings: Finding[] } {
  const findings: Finding[] = [];
  const start = performance.now();
  let samples = 0;
  let reportAt = start + REPORT_EACH_MS;
  for (;;) {
    const finding = trySeed(firstSeed + samples);
    samples += 1;
    if (finding) findings.push(finding);
    if (findings.length >= MOST_FINDINGS) break;
    if (samples % 64 !== 0) continue;
    const now = performance.now();
    if (now - start >= seconds * 1000) break;
    if (now < reportAt) continue;
    reportAt = now + REPORT_EACH_MS;
    const rate = Math.round(samples / ((now - start) / 1000));
    process.stderr.write(
      `${Math.round((now - start) / 1000)} of ${seconds} s · ${samples} responses · ${rate}/s · ${findings.length} found\n`,
    );
  }
  return { samples, findings };
}

function main(): number {
  const options = readOptions();
  if (options === undefined) return 2;
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const { seed } = options;
  if (options.one) {
    const sample = makeSample(seededRandom(seed));
    process.stdout.write(
      `${sample.method} ${JSON.stringify(sample.text)}\n${trySeed(seed)?.fault ?? 'nothing found'}\n`,
    );
    return trySeed(seed) ? 1 : 0;
  }
  const { samples, findings } = run(options.seconds, seed);
  if (options.json)
    process.stdout.write(`${JSON.stringify({ ok: findings.length === 0, seed, samples, findings })}\n`);
  else {
    for (const { seed: at, fault, text } of findings) {
      process.stdout.write(`--seed ${at} --one: ${fault}\n  ${JSON.stringify(text)}\n`);
    }
    process.stdout.write(`${samples} responses from seed ${seed}: ${findings.length} found\n`);
  }
  return findings.length === 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = main();
