/**
 * A terminal with a recorder: renders what a program writes, through a real terminal emulator (`@xterm/headless`), as
 * an animated SVG that a README can show. Needs `script` of util-linux, which gives the program a terminal.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { installNpmPart } from './npm-part.ts';

const XTERM_VERSION = '6.0.0';

interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** One run of characters of the same style. */
export interface Run {
  readonly text: string;
  readonly bold: boolean;
  readonly dim: boolean;
  /** Index in the terminal's palette; undefined for the default. */
  readonly color: number | undefined;
}

/** The screen at one moment. */
export interface Frame {
  /** Since the start. */
  readonly atMs: number;
  readonly rows: readonly (readonly Run[])[];
}

interface Recording {
  readonly frames: readonly Frame[];
  readonly status: number | null;
}

export interface RunningRecording {
  readonly child: ChildProcess;
  /** Everything written so far. */
  readonly text: () => string;
  readonly ended: Promise<Recording>;
}

interface Cell {
  getChars(): string;
  isBold(): number;
  isDim(): number;
  isFgPalette(): boolean;
  getFgColor(): number;
}
interface Terminal {
  write(data: Uint8Array, callback: () => void): void;
  readonly buffer: {
    readonly active: {
      readonly baseY: number;
      getLine(row: number): { getCell(column: number): Cell | undefined } | undefined;
    };
  };
}

/** Runs a shell command in a terminal and records its screen `everyMs`. */
export async function recordTerminal(
  command: string,
  { columns, rows }: TerminalSize,
  everyMs: number,
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<RunningRecording> {
  const folder = await installNpmPart('@xterm/headless', XTERM_VERSION);
  const xterm = (await import(join(folder, 'lib-headless', 'xterm-headless.mjs'))) as {
    Terminal?: new (options: object) => Terminal;
    default?: { Terminal: new (options: object) => Terminal };
  };
  const TerminalClass = xterm.Terminal ?? xterm.default!.Terminal;
  const terminal = new TerminalClass({ cols: columns, rows, allowProposedApi: true });
  const sized = `stty cols ${columns} rows ${rows}; ${command}`;
  const child = spawn('script', ['-qefc', sized, '/dev/null'], {
    ...options,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const began = Date.now();
  const frames: Frame[] = [];
  let text = '';
  let shown = '';
  const look = () => {
    const screen = readScreen(terminal, columns, rows);
    const key = JSON.stringify(screen);
    if (key === shown) return;
    shown = key;
    frames.push({ atMs: Date.now() - began, rows: screen });
  };
  const timer = setInterval(look, everyMs);
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    terminal.write(chunk, () => undefined);
  });
  const ended = once(child, 'close').then(async ([status]) => {
    clearInterval(timer);
    await new Promise<void>((resolve) => terminal.write(new Uint8Array(), resolve));
    look();
    return { frames, status: status as number | null };
  });
  return { child, text: () => text, ended };
}

function readScreen(terminal: Terminal, columns: number, rows: number): Run[][] {
  const { active } = terminal.buffer;
  return Array.from({ length: rows }, (_, row) => {
    const runs: Run[] = [];
    const line = active.getLine(active.baseY + row);
    for (let column = 0; column < columns; column += 1) {
      const cell = line?.getCell(column);
      const style = {
        bold: Boolean(cell?.isBold()),
        dim: Boolean(cell?.isDim()),
        color: cell?.isFgPalette() ? cell.getFgColor() : undefined,
      };
      const chars = cell?.getChars() || ' ';
      const last = runs.at(-1);
      if (last && last.bold === style.bold && last.dim === style.dim && last.color === style.color)
        runs[runs.length - 1] = { ...last, text: last.text + chars };
      else runs.push({ text: chars, ...style });
    }
    return trimEnd(runs);
  });
}

function trimEnd(runs: readonly Run[]): Run[] {
  const kept = [...runs];
  for (let last = kept.at(-1); last; last = kept.at(-1)) {
    const text = last.text.trimEnd();
    if (text !== '') {
      kept[kept.length - 1] = { ...last, text };
      break;
    }
    kept.pop();
  }
  return kept;
}

const CHAR_WIDTH = 7.8;
const LINE_HEIGHT = 18;
const PADDING = 16;
const COLORS: Readonly<Record<number, string>> = { 1: '#f28b82', 2: '#81c995', 3: '#fdd663', 4: '#8ab4f8' };

/**
 * The recording as one SVG that plays in a loop; a viewer that cannot animate shows its last frame.
 * @param speed times faster than recorded @param holdMs how long the last frame stays, as played
 */
export function renderRecording(
  { frames }: Recording,
  { columns, rows }: TerminalSize,
  { title, speed, holdMs }: { readonly title: string; readonly speed: number; readonly holdMs: number },
): string {
  const width = Math.ceil(columns * CHAR_WIDTH + 2 * PADDING);
  const height = rows * LINE_HEIGHT + 2 * PADDING;
  const first = frames[0]?.atMs ?? 0;
  const starts = frames.map(({ atMs }) => (atMs - first) / speed);
  const totalMs = (starts.at(-1) ?? 0) + holdMs;
  const lines = new Map<string, string>();
  const bodies = frames.map((frame) =>
    frame.rows
      .map((runs, row) => {
        if (runs.length === 0) return '';
        const markup = renderRuns(runs);
        const id = lines.get(markup) ?? `l${lines.size}`;
        lines.set(markup, id);
        return `<use href="#${id}" y="${PADDING + (row + 1) * LINE_HEIGHT - 5}"/>`;
      })
      .join(''),
  );
  const percent = (ms: number) => `${((ms / totalMs) * 100).toFixed(2)}%`;
  const styles = frames.map((_, index) => {
    if (index === frames.length - 1)
      return `@keyframes f${index}{0%{opacity:0}${percent(starts[index]!)}{opacity:1}}`;
    const from = index === 0 ? '' : `0%{opacity:0}`;
    return `@keyframes f${index}{${from}${percent(starts[index]!)}{opacity:1}${percent(starts[index + 1]!)}{opacity:0}100%{opacity:0}}`;
  });
  const groups = bodies.map((body, index) => {
    const hidden = index === frames.length - 1 ? '' : ' opacity="0"';
    return `<g${hidden} style="animation:f${index} ${(totalMs / 1000).toFixed(1)}s step-end infinite">${body}</g>`;
  });
  const defs = [...lines].map(([markup, id]) => `<text id="${id}" x="${PADDING}">${markup}</text>`);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`,
    `<title>${title}</title>`,
    `<style>text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:#e8eaed;white-space:pre}${styles.join('')}</style>`,
    `<rect width="${width}" height="${height}" rx="8" fill="#1d1f21"/>`,
    `<defs>${defs.join('')}</defs>`,
    ...groups,
    '</svg>',
    '',
  ].join('\n');
}

function renderRuns(runs: readonly Run[]): string {
  return runs
    .map(({ text, bold, dim, color }) => {
      const fill = color === undefined ? '' : ` fill="${COLORS[color] ?? '#e8eaed'}"`;
      const style = `${bold ? ' font-weight="bold"' : ''}${dim ? ' opacity=".6"' : ''}${fill}`;
      const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
      return `<tspan xml:space="preserve"${style}>${escaped}</tspan>`;
    })
    .join('');
}
