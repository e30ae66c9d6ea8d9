/** Run by npm after it packed a workspace: puts package.json back. */
import { leavePublishedForm } from './published-form.ts';

leavePublishedForm(process.cwd());
