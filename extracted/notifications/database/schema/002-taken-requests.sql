-- Requests for a notification that have been carried out, by the id that the asking program gave them: one that arrives
-- again makes no second notification.
CREATE TABLE taken_request (
  request_id bigint PRIMARY KEY,
  taken_at   timestamptz NOT NULL DEFAULT now()
);
