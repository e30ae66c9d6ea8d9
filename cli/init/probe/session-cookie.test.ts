import { expect, test } from 'vitest';
import { pickSessionCookie } from './session-cookie.ts';

test.each([
  [['PHPSESSID=abc; path=/'], 'PHPSESSID'],
  [['XSRF-TOKEN=a', 'laravel_session=b; httponly'], 'laravel_session'],
  [['my_shop_session=b; HttpOnly'], 'my_shop_session'],
  [['csrftoken=a; HttpOnly', 'sessionid=b; HttpOnly'], 'sessionid'],
  [['_shop_session=x'], '_shop_session'],
  [['.AspNetCore.Antiforgery.x=1; httponly', '.AspNetCore.Session=2'], '.AspNetCore.Session'],
  [['ASP.NET_SessionId=1; HttpOnly'], 'ASP.NET_SessionId'],
  [['unleash-session=s%3Ax; HttpOnly'], 'unleash-session'],
  [['connect.sid=s%3Ax; Path=/; HttpOnly'], 'connect.sid'],
  [['JSESSIONID=1', 'AWSALB=2; HttpOnly'], 'JSESSIONID'],
  [['__Secure-next-auth.session-token=1'], '__Secure-next-auth.session-token'],
  [['shop=1; HttpOnly', 'theme=dark'], 'shop'],
  [['_ficus_key=1'], '_ficus_key'],
  [['shop.sid=1'], 'shop.sid'],
])('%j is %s', (setCookies, name) => {
  expect(pickSessionCookie(setCookies)?.name).toBe(name);
});

test.each([
  [[]],
  [['theme=dark; HttpOnly', 'AWSALB=1; HttpOnly', '_csrf=1; HttpOnly', '_ga=1']],
  [['cart=1']],
  [['one=1; HttpOnly', 'two=2; HttpOnly']],
  [['sessionid=; Max-Age=0', 'PHPSESSID=deleted; Max-Age=0']],
  [
    [
      'sessionid=deleted; expires=Thu, 01 Jan 1970 00:00:00 GMT',
      'PHPSESSID=x; Expires=Thu, 01-Jan-1970 00:00:01 GMT',
    ],
  ],
  [['bad name=1; HttpOnly', '${SECRET}=1; HttpOnly']],
])('%j holds no session', (setCookies) => {
  expect(pickSessionCookie(setCookies)).toBeUndefined();
});
