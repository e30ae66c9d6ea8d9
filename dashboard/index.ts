/** Public entry point of the dashboard: the files of the page, and the headers to serve them with. */
export { DASHBOARD_FILES, DASHBOARD_HEADERS, type DashboardFile } from './dashboard-files.ts';
