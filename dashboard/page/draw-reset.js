/** Starts the comparison of a slice's answers again; the audit says who did, and why. */
import { element } from './elements.js';

/** @param send posts to the API, with the reader's token */
export function drawReset(name, send) {
  const reason = element('input', { name: 'reason', placeholder: 'why, for the audit', 'aria-label': 'why' });
  const answer = element('p', { class: 'soft', role: 'status' });
  const form = element(
    'form',
    {},
    element('p', {}, 'Forgets these verdicts and samples. Guards then need new evidence.'),
    reason,
    element('button', { type: 'submit' }, 'Start comparing again'),
    answer,
  );
  const details = element('details', {}, element('summary', {}, 'Start comparing again'), form);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    send(`/api/v1/slices/${encodeURIComponent(name)}/parity/reset`, { reason: reason.value })
      .then(() => {
        reason.value = '';
        answer.textContent = '';
        details.open = false;
      })
      .catch((error) => {
        answer.textContent = error.message;
      });
  });
  return details;
}
