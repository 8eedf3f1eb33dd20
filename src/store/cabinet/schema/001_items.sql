-- Shared state of people. Times are milliseconds since 1970 in UTC; keys are compared byte by byte.
create table items (
    drawer text not null,
    key text not null,
    value blob not null,
    version integer not null,
    expires_ms integer,
    primary key (drawer, key)
) strict, without rowid;

create index items_by_expiry on items (expires_ms) where expires_ms is not null;
