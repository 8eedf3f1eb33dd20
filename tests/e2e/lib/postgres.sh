# shellcheck shell=bash
# A private PostgreSQL cluster: TCP on the loopback only, passwords, no durability.

PG_DIR=$CACHE/pg
PG_DATA=$PG_DIR/data

pg_programs() {
  local dir
  dir=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2> /dev/null | sort -V | tail -n 1)
  [ -n "$dir" ] && [ -x "$dir/initdb" ] && echo "$dir"
}

pg_runs() { is_ours "$PG_DATA/postmaster.pid" "$PG_DATA"; }

pg_install() {
  pg_programs > /dev/null && return 0
  is_root || die "PostgreSQL is missing; as root run: apt-get install --no-install-recommends postgresql"
  # The package would otherwise make and start a cluster of its own.
  mkdir -p /etc/postgresql-common
  [ -e /etc/postgresql-common/createcluster.conf ] ||
    echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf
  install_packages postgresql
}

pg_start() {
  local programs
  pg_runs && return 0
  pg_install
  programs=$(pg_programs) || die "PostgreSQL is not under /usr/lib/postgresql"
  server_dir "$PG_DIR"
  secret "$PG_DIR/superuser.pass" > /dev/null
  if is_root; then chown "$SERVER_USER:" "$PG_DIR/superuser.pass"; fi
  if [ ! -s "$PG_DATA/PG_VERSION" ]; then
    rm -rf "$PG_DATA"
    run_as_server "$programs/initdb" -D "$PG_DATA" -U postgres -A scram-sha-256 \
      --pwfile="$PG_DIR/superuser.pass" -E UTF8 --locale=C.UTF-8 > "$PG_DIR.initdb.log" 2>&1 ||
      die_with_log "initdb failed" "$PG_DIR.initdb.log"
    run_as_server tee -a "$PG_DATA/postgresql.conf" > /dev/null <<'CONF'
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 120
shared_buffers = 256MB
work_mem = 16MB
fsync = off
synchronous_commit = off
full_page_writes = off
jit = off
CONF
  fi
  port_is_free "$PG_PORT" || die "port $PG_PORT is taken by something else (ODOO_MCP_PG_PORT chooses another)"
  run_as_server "$programs/pg_ctl" -D "$PG_DATA" -l "$PG_DIR/postgresql.log" -o "-p $PG_PORT" -w -t 60 start \
    > "$PG_DIR/start.log" 2>&1 9>&- || die_with_log "PostgreSQL did not start" "$PG_DIR/start.log" "$PG_DIR/postgresql.log"
  say "PostgreSQL started on 127.0.0.1:$PG_PORT"
}

# pg_stop [MODE]: as `pg_ctl` calls the ways to stop.
pg_stop() {
  pg_runs || return 0
  run_as_server "$(pg_programs)/pg_ctl" -D "$PG_DATA" -m "${1:-fast}" -w -t 60 stop > /dev/null || true
}

# pg_sql DATABASE SQL, as the superuser.
pg_sql() {
  PGOPTIONS='-c client_min_messages=warning' PGPASSWORD=$(cat "$PG_DIR/superuser.pass") \
    "$(pg_programs)/psql" -X -v ON_ERROR_STOP=1 -qAt -h 127.0.0.1 -p "$PG_PORT" -U postgres -d "$1" -c "$2"
}

# A role per Odoo, so that each server sees only its own databases.
pg_role() {
  local password
  password=$(secret "$PG_DIR/$1.pass")
  if [ "$(pg_sql postgres "select 1 from pg_roles where rolname = '$1'")" != 1 ]; then
    pg_sql postgres "create role $1 login createdb password '$password'"
  fi
}

pg_has() { [ "$(pg_sql postgres "select 1 from pg_database where datname = '$1'")" = 1 ]; }
