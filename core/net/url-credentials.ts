/**
 * URLs of a config may hold a user and a password (`http://user:secret@host`). Wherever a URL is printed, logged, stored
 * or part of an error, it goes through here.
 */

/** The URL without user and password; a text that is no URL loses everything up to its last `@`. */
export function withoutCredentials(text: string): string {
  if (!text.includes('@')) return text;
  try {
    const url = new URL(text);
    if (url.username === '' && url.password === '') return text;
    url.username = '';
    url.password = '';
    // `href` adds a slash to a bare origin.
    return text.endsWith('/') || url.pathname !== '/' ? url.href : url.href.replace(/\/$/, '');
  } catch {
    return text.slice(text.lastIndexOf('@') + 1);
  }
}

/** A text, an error's message say, without the users and passwords of the URLs in it. */
export function hideCredentials(text: string): string {
  return text.replace(/:\/\/[^\s/]*@/g, '://');
}

/** Whether the URL holds a user or a password. */
export function hasCredentials(text: string): boolean {
  try {
    const { username, password } = new URL(text);
    return username !== '' || password !== '';
  } catch {
    return false;
  }
}
