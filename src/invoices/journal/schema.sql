create table run (
    run_id text primary key,
    tenant text not null,
    subject text not null,
    move_id integer,
    request text not null,
    state text not null check (state in ('running', 'finished', 'aborted', 'failed', 'abandoned')),
    generation integer not null,
    began_ms integer not null,
    ended_ms integer,
    written_back integer not null default 0 check (written_back in (0, 1)),
    content_key text,
    message_id integer,
    context text not null
) strict;
create index run_of_subject on run (tenant, subject, began_ms);
create table run_step (
    run_id text not null references run (run_id) on delete cascade,
    name text not null,
    position integer not null,
    state text not null check (state in ('begun', 'ok', 'skip', 'error', 'abort')),
    began_ms integer not null,
    intent text,
    outcome text,
    primary key (run_id, name)
) strict;
create table turn (
    tenant text not null,
    subject text not null,
    owner text not null,
    run_id text not null,
    lease_until_ms integer not null,
    primary key (tenant, subject)
) strict;
create table company_cap (
    tenant text not null,
    company_id integer not null,
    millicents integer not null,
    seen_ms integer not null,
    primary key (tenant, company_id)
) strict;
