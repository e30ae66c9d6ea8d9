/** Small pieces: elements, tables, numbers in words. */

/** An element; strings among the children become text. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (key === 'onclick') made.addEventListener('click', value);
    // A style attribute would be refused by the page's own policy; the property is not.
    else if (key === 'left' || key === 'width') made.style[key] = value;
    else made.setAttribute(key, value === true ? '' : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export function table(heads, rows) {
  return element(
    'table',
    {},
    element('thead', {}, element('tr', {}, ...heads.map((head) => element('th', { scope: 'col' }, head)))),
    element(
      'tbody',
      {},
      ...rows.map((row) => element('tr', {}, ...row.map((cell) => element('td', {}, cell)))),
    ),
  );
}

export const count = (value) => value.toLocaleString('en-US');

/** `1 request`, `1,200 requests`. */
export const plural = (value, noun) => `${count(value)} ${noun}${value === 1 ? '' : 's'}`;

export const percent = (value, digits = 1) =>
  `${value.toLocaleString('en-US', { maximumFractionDigits: digits })} %`;

/** Rounded down, so that 99.999 % is never shown as 100 %. */
export const share = (ratio) => `${(Math.floor(ratio * 100_000) / 1000).toLocaleString('en-US')} %`;

export function bytes(value) {
  // Powers of 1024, as in legacy.maxRetainedWal and `ficus status`.
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let unit = 0;
  let rest = value;
  while (rest >= 1024 && unit < units.length - 1) {
    rest /= 1024;
    unit += 1;
  }
  return `${rest.toLocaleString('en-US', { maximumFractionDigits: 1 })} ${units[unit]}`;
}

export function duration(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 60_000) return `${Math.round(ms / 1000)} s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.round(ms / 3_600_000)} h`;
}

/** Differences below this are the way of the answer, and its time in whole seconds. */
const SAME_CLOCK_MS = 5000;
let aheadMs = 0;

/** All times are the control plane's: a clock of this machine that is wrong must not make them old, or new. */
export function setClock(date) {
  const ahead = Date.now() - Date.parse(date);
  aheadMs = Math.abs(ahead) > SAME_CLOCK_MS ? ahead : 0;
}

/** How long ago that was, by the control plane's clock. */
export const since = (isoTime) => Date.now() - aheadMs - Date.parse(isoTime);

export function ago(isoTime) {
  const ms = since(isoTime);
  return ms < 1500 ? 'now' : `${duration(ms)} ago`;
}

/** A line over time, with its greatest value as scale. */
export function sparkline(values, label) {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('class', 'spark');
  svg.setAttribute('viewBox', '0 0 100 30');
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', label);
  const line = document.createElementNS(space, 'path');
  const most = Math.max(...values, 1);
  const x = (index) => ((index + 60 - values.length) * 100) / 59;
  const points = values.map(
    (value, index) => `${x(index).toFixed(2)},${(28 - (value / most) * 26).toFixed(2)}`,
  );
  line.setAttribute('d', values.length > 1 ? `M${points.join('L')}` : 'M0,28');
  svg.append(line);
  return svg;
}
