/** What becomes of the notes that a page sends. */

import type { Page } from '@playwright/test';
import type { Schemas } from '../../src/api/client';
import { as } from './api';

/** The texts that the API has. */
export const notesOf = (patient: string) =>
  as('physician')
    .get<Schemas['Page_Entry']>(`/patients/${patient}/entries?kind=note`)
    .then(({ items }) => items.map((each) => (each.content.kind === 'note' ? each.content.text : '')));

/** The keys of everything that is sent from now on. */
export function keys(page: Page): string[] {
  const sent: string[] = [];
  page.on('request', (request) => {
    if (request.method() === 'POST' && /entries$/.test(request.url()))
      sent.push(request.headers()['idempotency-key'] ?? 'none');
  });
  return sent;
}
