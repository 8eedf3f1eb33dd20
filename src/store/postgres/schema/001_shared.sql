-- Shared state of all processes. Times are milliseconds since 1970 in UTC; names are compared byte by byte.
create table odoo_mcp_items (
    drawer text collate "C" not null,
    key text collate "C" not null,
    value bytea not null,
    version bigint not null,
    expires_ms bigint,
    primary key (drawer, key)
);

create index odoo_mcp_items_by_expiry on odoo_mcp_items (expires_ms) where expires_ms is not null;

create sequence odoo_mcp_document_version;

create table odoo_mcp_documents (
    place text collate "C" primary key,
    body bytea not null,
    version bigint not null default nextval('odoo_mcp_document_version')
);

create table odoo_mcp_lines (
    seq bigint primary key,
    line bytea not null
);

-- One row: whoever has it locked writes the next lines.
create table odoo_mcp_head (
    one boolean primary key default true check (one),
    seq bigint not null
);

insert into odoo_mcp_head (seq) values (0);
