/** Run by npm before it packs a workspace: builds it and converts it to its published form. */
import { basename } from 'node:path';
import { buildPackages } from './build-packages.ts';
import { enterPublishedForm, leavePublishedForm } from './published-form.ts';
import { publishedPackages } from './published-packages.ts';

const folder = process.cwd();
const packages = publishedPackages();
leavePublishedForm(folder);
buildPackages(packages);
for (const other of packages) if (other.folder !== folder) leavePublishedForm(other.folder);
enterPublishedForm(folder, basename(folder));
