# shellcheck shell=bash
# One Odoo, whichever its version: database with demo data, snapshot, start, stop.

# use_version 19|14: sets the variables of that version.
use_version() {
  VERSION=$1
  HOME_DIR=$CACHE/$VERSION
  case $VERSION in
    19 | 14) "settings_$VERSION" ;;
    *) die "unknown version $VERSION; there are 19 and 14" ;;
  esac
  # Beside the configuration, as the server sees it and as it is seen from outside.
  OWN_ADDONS_SEEN=$STATE/addons OWN_ADDONS=$(dirname -- "$OUTSIDE_CONF")/addons
  URL=http://127.0.0.1:$PORT
  ENV_FILE=$CACHE/$VERSION.env
}

odoo_runs() { is_ours "$HOME_DIR/odoo.pid" "$HOME_DIR"; }

write_config() {
  "prepare_state_$VERSION"
  (
    umask 077
    cat > "$OUTSIDE_CONF" <<CONF
[options]
addons_path = $ADDONS_SEEN,$OWN_ADDONS_SEEN
data_dir = $STATE/data
logfile = $STATE/log/odoo.log
db_host = 127.0.0.1
db_port = $PG_PORT
db_user = $ROLE
db_password = $(cat "$PG_DIR/$ROLE.pass")
admin_passwd = $(secret "$HOME_DIR/master.pass")
list_db = True
http_interface = 127.0.0.1
http_port = $PORT
$GEVENT_NAME = $GEVENT
workers = $WORKERS
max_cron_threads = 0
limit_time_cpu = 600
limit_time_real = 1200
proxy_mode = True
log_handler = :INFO,odoo.addons.rpc.controllers.jsonrpc:ERROR,odoo.addons.rpc.controllers.xmlrpc:ERROR
CONF
  )
  if is_root; then chown "$SERVER_USER:" "$OUTSIDE_CONF"; fi
}

# The servers' user may not be able to read the checkout, and Odoo 14 does not see it at all, so both
# get copies of our own add-ons, without what another Python left behind.
copy_own_addons() {
  rm -rf "$OWN_ADDONS"
  mkdir -p "$OWN_ADDONS"
  cp -r "$OWN_ADDONS_DIR/." "$OWN_ADDONS/"
  find "$OWN_ADDONS" -name __pycache__ -prune -exec rm -rf {} +
  chmod -R u=rwX,go=rX "$OWN_ADDONS"
  if is_root; then chown -R "$SERVER_USER:" "$OWN_ADDONS"; fi
}

# The files of our own add-ons: another add-on needs another database.
own_addon_files() { find "$OWN_ADDONS_DIR" -type f -not -path '*/__pycache__/*' | LC_ALL=C sort; }

# make_database: demo data, contacts, API keys; then the snapshot that every later run starts from.
make_database() {
  local stamp wanted='' missing='' module started=$SECONDS seeded own_files=()
  mapfile -t own_files < <(own_addon_files)
  stamp=$(finger_print "$MODULES" "$OWN_MODULES" "$LANGUAGES" "$E2E_DIR/lib/seed.py" "$HOME_DIR/installed" \
    "${own_files[@]}")
  # API keys expire, so a snapshot is not used for ever.
  if [ "$(cat "$HOME_DIR/database" 2> /dev/null)" = "$stamp" ] && pg_has "${DB}_new" &&
    [ -n "$(find "$HOME_DIR/database" -mtime -60)" ]; then
    return 0
  fi
  if odoo_runs; then stop_odoo; fi
  copy_own_addons
  for module in ${MODULES//,/ } ${OWN_MODULES//,/ }; do
    if [ -e "$ADDONS/$module/__manifest__.py" ] || [ -e "$OWN_ADDONS/$module/__manifest__.py" ]; then wanted+=,$module; else missing+=" $module"; fi
  done
  [ -z "$missing" ] || say "Odoo $VERSION does not have$missing"
  rm -f "$HOME_DIR/database" "$ENV_FILE"
  pg_sql postgres "drop database if exists $DB with (force)"
  pg_sql postgres "drop database if exists ${DB}_new with (force)"
  rm -rf "$HOME_DIR"/data/filestore/*
  say "Odoo $VERSION: making the database with${wanted//,/ } (minutes)"
  "command_$VERSION" -c "$CONF" -d "$DB" -i "${wanted#,}" "${WITH_DEMO[@]}" "--load-language=$LANGUAGES" \
    --stop-after-init --no-http --workers=0 --max-cron-threads=0
  "${COMMAND[@]}" > "$HOME_DIR/init.out" 2>&1 < /dev/null 9>&- ||
    die_with_log "making the database of Odoo $VERSION failed" "$HOME_DIR/log/odoo.log" "$HOME_DIR/init.out"

  "command_$VERSION" shell -c "$CONF" -d "$DB" --no-http --log-level=error --logfile= --workers=0
  seeded=$("${COMMAND[@]}" < "$E2E_DIR/lib/seed.py" 2> "$HOME_DIR/seed.err" 9>&- | sed -n 's/^.*SEED: //p')
  case $seeded in *API_KEY=*DEMO_API_KEY=*) ;; *) die_with_log "Odoo $VERSION gave no API keys" "$HOME_DIR/seed.err" ;; esac
  (umask 077; printf '%s\n' "$seeded" > "$HOME_DIR/keys")

  # A template that Odoo does not list, because another role owns it.
  pg_sql postgres "create database ${DB}_new template $DB"
  rm -rf "$HOME_DIR/filestore.new"
  if [ -d "$HOME_DIR/data/filestore/$DB" ]; then
    cp -a --reflink=auto "$HOME_DIR/data/filestore/$DB" "$HOME_DIR/filestore.new"
  fi
  echo "$stamp" > "$HOME_DIR/database"
  say "Odoo $VERSION: database made in $((SECONDS - started)) s"
}

# Back to the snapshot; the server must not run.
restore_database() {
  pg_sql postgres "drop database if exists $DB with (force)"
  pg_sql postgres "create database $DB template ${DB}_new owner $ROLE"
  rm -rf "$HOME_DIR/data/filestore/$DB" "$HOME_DIR"/data/sessions/*
  if [ -d "$HOME_DIR/filestore.new" ]; then
    mkdir -p "$HOME_DIR/data/filestore"
    cp -a --reflink=auto "$HOME_DIR/filestore.new" "$HOME_DIR/data/filestore/$DB"
    if is_root; then chown "$SERVER_USER:" "$HOME_DIR/data/filestore"; fi
  fi
  # Reports and links must name this server, and logging in must not change that. The weekly ping
  # to the publisher has no place in a test.
  pg_sql "$DB" "
    insert into ir_config_parameter(key, value, create_uid, write_uid, create_date, write_date)
    values ('web.base.url', '$URL', 1, 1, now(), now()), ('web.base.url.freeze', 'True', 1, 1, now(), now()),
           ('report.url', '$URL', 1, 1, now(), now())
    on conflict (key) do update set value = excluded.value;
    update ir_cron set active = false where id in (
      select res_id from ir_model_data where module = 'mail' and name = 'ir_cron_module_update_notification')"
}

write_env_file() {
  (
    umask 077
    cat > "$ENV_FILE" <<ENV
VERSION=$VERSION
URL=$URL
DB=$DB
LOGIN=admin
PASSWORD=admin
MASTER_PASSWORD=$(secret "$HOME_DIR/master.pass")
$(cat "$HOME_DIR/keys")
ENV
  )
}

# install_odoo: everything up to a snapshot; leaves nothing running but PostgreSQL.
install_odoo() {
  "install_$VERSION"
  pg_start
  pg_role "$ROLE"
  write_config
  make_database
  write_env_file
}

# start_odoo run|person: who will stop it again.
start_odoo() {
  local port
  odoo_runs && return 0
  for port in "$PORT" "$GEVENT"; do
    port_is_free "$port" || die "port $port is taken by something else (ODOO_MCP_PORT_$VERSION and ODOO_MCP_GEVENT_$VERSION choose others)"
  done
  "command_$VERSION" -c "$CONF" -d "$DB" "--db-filter=^$DB\$"
  : > "$HOME_DIR/odoo.out"
  # The log of this start only, so that its end is about this start.
  if [ -e "$HOME_DIR/log/odoo.log" ]; then mv -f "$HOME_DIR/log/odoo.log" "$HOME_DIR/log/odoo.log.1"; fi
  setsid "${COMMAND[@]}" >> "$HOME_DIR/odoo.out" 2>&1 < /dev/null 9>&- &
  echo $! > "$HOME_DIR/odoo.pid"
  echo "$1" > "$HOME_DIR/odoo.owner"
}

stop_odoo() {
  stop_process "$HOME_DIR/odoo.pid" "$HOME_DIR"
  rm -f "$HOME_DIR/odoo.owner"
}

# A run that was killed leaves its server behind. Whoever holds the lock knows that no run goes on.
stop_orphan() {
  if odoo_runs && [ "$(cat "$HOME_DIR/odoo.owner" 2> /dev/null)" = run ]; then
    say "Odoo $VERSION: stopping the server that an interrupted run left behind"
    stop_odoo
  fi
}

# Ready is a server that answers a question to the database, not one that listens.
wait_until_ready() {
  local answer='' question
  question='{"jsonrpc":"2.0","method":"call","id":1,"params":{"service":"object","method":"execute_kw","args":["'$DB'",2,"admin","res.partner","search_count",[[]]]}}'
  for _ in $(seq 1 400); do
    odoo_runs || die_with_log "Odoo $VERSION died while it started" "$HOME_DIR/log/odoo.log" "$HOME_DIR/odoo.out"
    answer=$(curl -sS -m 60 --noproxy '*' -H 'Content-Type: application/json' -d "$question" "$URL/jsonrpc" 2> /dev/null) || answer=
    case $answer in *'"result"'*) return 0 ;; esac
    sleep 0.3
  done
  die_with_log "Odoo $VERSION is not ready after two minutes; its last answer: ${answer:0:300}" "$HOME_DIR/log/odoo.log"
}
