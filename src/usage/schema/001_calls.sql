-- Instants are whole milliseconds since 1970, UTC. Money is whole millicents.

-- A tenant is a database on a server; the code is only how it is shown.
create table ai_tenant (
    id integer primary key,
    server text not null,
    database text not null,
    code text not null check (length(code) > 0),
    unique (server, database)
) strict;

-- One row per request to a language model. Nothing is ever taken out of here.
create table ai_call (
    id integer primary key autoincrement,
    call_id text not null unique,
    tenant_id integer not null references ai_tenant (id),
    created_ms integer not null check (created_ms > 0),
    company_id integer check (company_id > 0),
    move_id integer check (move_id > 0),
    attachment_id integer check (attachment_id > 0),
    source text not null check (source in ('upload', 'gmail', 'terminal', 'api', 'force')),
    source_message_id text,
    run_id text,
    content_key text,
    model text not null,
    prompt_version text not null,
    pages integer not null check (pages >= 0),
    state text not null check (state in ('success', 'error', 'skipped', 'lost')),
    input_tokens integer not null default 0 check (input_tokens >= 0),
    output_tokens integer not null default 0 check (output_tokens >= 0),
    cache_read_tokens integer not null default 0 check (cache_read_tokens >= 0),
    cache_write_5m_tokens integer not null default 0 check (cache_write_5m_tokens >= 0),
    cache_write_1h_tokens integer not null default 0 check (cache_write_1h_tokens >= 0),
    cost_known integer not null check (cost_known in (0, 1)),
    cost_eur_mc integer not null check (cost_eur_mc >= 0),
    cost_usd_mc integer not null check (cost_usd_mc >= 0),
    price_version text,
    duration_ms integer not null default 0 check (duration_ms >= 0),
    error_message text,
    extra text check (extra is null or json_valid(extra)),
    check (cost_known = 1 or (cost_eur_mc = 0 and cost_usd_mc = 0))
) strict;

create index ai_call_by_time on ai_call (tenant_id, created_ms, id);
create index ai_call_by_move on ai_call (tenant_id, move_id) where move_id is not null;
create index ai_call_by_state on ai_call (tenant_id, state, created_ms);
create index ai_call_by_message on ai_call (tenant_id, source_message_id)
    where source_message_id is not null;
create index ai_call_with_details on ai_call (created_ms)
    where extra is not null or error_message is not null or source_message_id is not null;

-- Money set aside for a call that is being made. It holds what the call's row will need.
create table ai_reservation (
    call_id text primary key,
    tenant_id integer not null references ai_tenant (id),
    reserved_ms integer not null check (reserved_ms > 0),
    -- Whoever holds the lock of this name is the process that makes the call.
    holder text not null,
    company_id integer check (company_id > 0),
    move_id integer check (move_id > 0),
    attachment_id integer check (attachment_id > 0),
    source text not null,
    source_message_id text,
    run_id text,
    content_key text,
    model text not null,
    prompt_version text not null,
    pages integer not null check (pages >= 0),
    cost_known integer not null check (cost_known in (0, 1)),
    estimate_eur_mc integer not null check (estimate_eur_mc >= 0),
    estimate_usd_mc integer not null check (estimate_usd_mc >= 0),
    price_version text
) strict;

create index ai_reservation_by_tenant on ai_reservation (tenant_id, reserved_ms);

-- What is billed to the customer: a bill once, or a file once where there is no bill.
create table ai_document (
    id integer primary key,
    tenant_id integer not null references ai_tenant (id),
    move_id integer check (move_id > 0),
    content_key text,
    -- One answer may serve several bills.
    call_id text not null references ai_call (call_id),
    billed_ms integer not null check (billed_ms > 0),
    check (move_id is not null or content_key is not null)
) strict;

create unique index ai_document_of_move on ai_document (tenant_id, move_id) where move_id is not null;
create index ai_document_by_call on ai_document (call_id);
create index ai_document_by_time on ai_document (tenant_id, billed_ms);
create unique index ai_document_of_file on ai_document (tenant_id, content_key) where move_id is null;

-- Answers that were paid for, for a while.
create table ai_answer (
    tenant_id integer not null references ai_tenant (id),
    content_key text not null,
    call_id text not null references ai_call (call_id),
    kept_ms integer not null check (kept_ms > 0),
    answer text not null check (json_valid(answer)),
    primary key (tenant_id, content_key)
) strict, without rowid;

create index ai_answer_by_time on ai_answer (kept_ms);

-- What somebody changed by hand afterwards: who, when and why. The last word counts.
create table ai_correction (
    id integer primary key autoincrement,
    tenant_id integer not null references ai_tenant (id),
    call_id text not null references ai_call (call_id),
    corrected_ms integer not null check (corrected_ms > 0),
    billed integer not null check (billed in (0, 1)),
    who text not null check (length(who) > 0),
    why text not null
) strict;

create index ai_correction_by_time on ai_correction (tenant_id, corrected_ms);
create index ai_correction_by_call on ai_correction (call_id, id);

-- A call is billed if its document is, unless a correction says otherwise.
create view ai_call_told as
select
    c.*,
    t.code as tenant_code,
    t.server,
    t.database,
    coalesce(
        (select k.billed from ai_correction k where k.call_id = c.call_id order by k.id desc limit 1),
        exists (select 1 from ai_document d where d.call_id = c.call_id)
    ) as billed,
    c.state = 'success' and c.cache_read_tokens > 0
        and c.cache_write_5m_tokens + c.cache_write_1h_tokens = 0
        and c.input_tokens < 200 as cache_hit
from ai_call c join ai_tenant t on t.id = c.tenant_id;

-- What the customer is billed for: documents, and calls that were marked by hand.
create view ai_billed as
select d.tenant_id, d.billed_ms, d.call_id
from ai_document d
where coalesce(
    (select k.billed from ai_correction k where k.call_id = d.call_id order by k.id desc limit 1), 1) = 1
union all
select c.tenant_id, c.created_ms, c.call_id
from ai_call c
where not exists (select 1 from ai_document d where d.call_id = c.call_id)
    and (select k.billed from ai_correction k where k.call_id = c.call_id order by k.id desc limit 1) = 1;

-- A call is never taken out, and what it cost changes only where a lost one turned up again.
create trigger ai_call_stays before delete on ai_call
begin
    select raise(abort, 'a call stays in the ledger');
end;

create trigger ai_call_keeps_its_cost before update of call_id, tenant_id, created_ms, cost_eur_mc, cost_usd_mc, cost_known
on ai_call when old.state <> 'lost'
begin
    select raise(abort, 'what a call cost does not change');
end;

create trigger ai_correction_stays before delete on ai_correction
begin
    select raise(abort, 'a correction stays in the ledger');
end;

create trigger ai_correction_is_final before update on ai_correction
begin
    select raise(abort, 'a correction is followed by another, not changed');
end;
