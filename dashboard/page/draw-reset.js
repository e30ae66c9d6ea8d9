/** Starts the comparison of a slice's answers again; the audit says who did, and why. */
import { element } from './elements.js';

/** @param send posts to the API, with the reader's token */
export function drawReset(name, send) {
  // Asked for: without it a click that was not meant would forget the evidence.
  const reason = element('input', {
    name: 'reason',
    placeholder: 'why',
    'aria-label': `why ${name} is to be compared from the beginning`,
    required: true,
  });
  const button = element(
    'button',
    { type: 'submit', 'aria-label': `Compare answers of ${name} from the beginning` },
    'Compare answers from the beginning',
  );
  const answer = element('p', { class: 'soft', role: 'status' });
  const form = element('form', { class: 'reset' }, reason, button, answer);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    send(`/api/v1/slices/${encodeURIComponent(name)}/parity/reset`, { reason: reason.value })
      .then(() => {
        reason.value = '';
        answer.textContent = 'Verdicts and samples are forgotten; guards need new evidence.';
      })
      .catch((error) => {
        answer.textContent = error.message;
      });
  });
  return form;
}
