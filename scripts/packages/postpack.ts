/** Run by npm after it packed a workspace: restores package.json. */
import { leavePublishedForm } from './published-form.ts';

leavePublishedForm(process.cwd());
