-- customer1@example.test, customer2@example.test, … all with the password "ficus".
-- hash(n) below is md5 of a number: spread like chance, the same on every machine.
INSERT INTO customers (id, email, name, password_digest, address, labels, created_at)
SELECT
  n,
  'customer' || n || '@example.test',
  (ARRAY['Ada', 'Grace', 'Edsger', 'Barbara', 'Donald', 'Frances', 'Tony', 'Radia', 'Alan', 'Hedy'])[n % 10 + 1]
    || ' ' || (ARRAY['Abendroth', 'Berg', 'Castell', 'Dorn', 'Eder', 'Falk', 'Gruber'])[n % 7 + 1],
  sha256(convert_to('customer' || n || '@example.test:ficus', 'UTF8')),
  jsonb_build_object('street', n % 190 + 1 || ' Harbour Street', 'city', (ARRAY['Graz', 'Porto', 'Ghent', 'Turku'])[n % 4 + 1],
    'zip', lpad((n * 37 % 90000 + 10000)::text, 5, '0')),
  CASE WHEN n % 20 = 0 THEN ARRAY['business'] WHEN n % 7 = 0 THEN ARRAY['loyal', 'newsletter'] ELSE '{}' END,
  timestamptz '2024-01-01 00:00:00+00' + n * interval '37 minutes 11 seconds'
FROM generate_series(1, :customers) n;

-- Three customers in four have ever opened the preferences page; the others live with the defaults.
INSERT INTO notification_preferences
  (customer_id, email_enabled, sms_enabled, push_enabled, web_enabled, muted_kinds, quiet_from, quiet_to, updated_at)
SELECT
  n, n % 3 <> 0, n % 11 = 0, n % 2 = 0, true,
  CASE WHEN n % 9 = 0 THEN ARRAY['promotion', 'cart_reminder'] WHEN n % 13 = 0 THEN ARRAY['promotion'] ELSE '{}' END,
  CASE WHEN n % 5 = 0 THEN time '22:00' END,
  CASE WHEN n % 5 = 0 THEN time '07:30' END,
  timestamptz '2025-06-01 00:00:00+00' + n * interval '91 seconds 123 milliseconds'
FROM generate_series(1, :customers) n
WHERE n % 4 <> 3;
