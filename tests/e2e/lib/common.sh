# shellcheck shell=bash
# What every script of this folder shares: settings, messages, the lock, processes, the user that
# runs the servers. Nothing here names a package mirror; see packages.sh.

E2E_DIR=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
REPO_DIR=$(cd -- "$E2E_DIR/../.." && pwd)

# Everything that is installed or made lives here, outside the checkout.
CACHE=${ODOO_MCP_CACHE:-${HOME:?}/.cache/odoo-mcp-ci}
case $CACHE in /*) ;; *) CACHE=$PWD/$CACHE ;; esac

# Ports that neither a stock Odoo nor a stock PostgreSQL uses.
PG_PORT=${ODOO_MCP_PG_PORT:-55433}
PORT_19=${ODOO_MCP_PORT_19:-18069}
GEVENT_19=${ODOO_MCP_GEVENT_19:-18072}
PORT_14=${ODOO_MCP_PORT_14:-18014}
GEVENT_14=${ODOO_MCP_GEVENT_14:-18015}

# What the scenarios need; later ones may want more. Dependencies come along by themselves.
MODULES=${ODOO_MCP_E2E_MODULES:-base,web,mail,contacts,product,sale_management,account,stock,crm,portal,purchase,project,website,website_sale,website_blog}
# Add-ons of our own, which only the tests need: fields and methods that the tools expect of Odoo.
OWN_ADDONS_DIR=$E2E_DIR/addons
OWN_MODULES=${ODOO_MCP_E2E_OWN_MODULES-odoo_mcp_ai_test}
LANGUAGES=${ODOO_MCP_E2E_LANGUAGES:-en_US,fr_FR}
# Further packages of the distribution that each Odoo runs on; reports need this one.
EXTRA_PACKAGES=${ODOO_MCP_E2E_PACKAGES:-wkhtmltopdf}
# Reports ask the same server for styles, so two of them at once need more than two.
WORKERS=${ODOO_MCP_E2E_WORKERS:-4}

# PostgreSQL refuses to run as root and Odoo should not, so root lends them this user.
SERVER_USER=odoo-mcp-e2e

# Exit status of "a package cannot be downloaded", the only reason to leave an Odoo out.
readonly CANNOT_DOWNLOAD=75

say() { printf 'e2e: %s\n' "$*" >&2; }
die() { printf 'e2e: error: %s\n' "$*" >&2; exit 1; }

# die_with_log MESSAGE FILE...: the reason is nearly always at the end of a log.
die_with_log() {
  local message=$1 file
  shift
  for file in "$@"; do
    [ -s "$file" ] || continue
    printf -- '--- the end of %s\n' "$file" >&2
    tail -n 40 "$file" >&2
  done
  die "$message"
}

# cannot_download WHAT: ends this subshell; the caller prints the line that says SKIPPED.
cannot_download() {
  printf '%s\n' "$1" > "$CACHE/cannot-download.${VERSION:-all}"
  exit "$CANNOT_DOWNLOAD"
}

is_root() { [ "$(id -u)" -eq 0 ]; }

# ------------------------------------------------------------------------------------------- lock
# One script at a time per cache directory. Servers must not inherit descriptor 9, or the lock
# would live as long as they do: every start below closes it.
take_lock() {
  mkdir -p "$CACHE"
  exec 9>"$CACHE/lock"
  if ! flock -n 9; then
    say "another run uses $CACHE; waiting for it"
    flock -w "${ODOO_MCP_LOCK_SECONDS:-3000}" 9 || die "the other run did not end"
  fi
}

# --------------------------------------------------------------------------------- the servers' user
# The prefix of the servers' commands. All of its words replace themselves by the next one, so the
# process id of the command is that of the server.
as_server() {
  AS_SERVER=(env -i PATH=/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 "HOME=$CACHE/home")
  if is_root; then
    AS_SERVER=(setpriv "--reuid=$SERVER_USER" "--regid=$SERVER_USER" --clear-groups --no-new-privs "${AS_SERVER[@]}")
  fi
}

run_as_server() { "${AS_SERVER[@]}" "$@"; }

# server_dir PATH...: directories that the servers may write to.
server_dir() {
  mkdir -p "$@"
  if is_root; then chown "$SERVER_USER:$SERVER_USER" "$@"; fi
}

prepare_cache() {
  mkdir -p "$CACHE"
  if is_root; then
    getent passwd "$SERVER_USER" > /dev/null ||
      useradd --system --user-group --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin "$SERVER_USER"
    let_user_through "$CACHE"
  fi
  as_server
  server_dir "$CACHE/home"
}

# A home directory is often closed to others. The servers' user, and nobody else, is let through it
# (not into it); `odoo purge` takes that back.
let_user_through() {
  local dir=$1
  while dir=$(dirname -- "$dir"); [ "$dir" != / ]; do
    setpriv "--reuid=$SERVER_USER" "--regid=$SERVER_USER" --clear-groups test -x "$dir" && continue
    command -v setfacl > /dev/null || install_packages acl
    setfacl -m "u:$SERVER_USER:--x" "$dir" ||
      die "the servers' user cannot pass $dir; choose another place with ODOO_MCP_CACHE"
  done
}

# ---------------------------------------------------------------------------------------- processes
# is_ours PIDFILE FOLDER: does the process of that file live, and does it belong to that folder?
# A process id alone proves nothing after a restart of the machine.
is_ours() {
  local pid line
  pid=$(head -n 1 "$1" 2> /dev/null) && [ -n "$pid" ] || return 1
  for _ in 1 2 3 4 5; do
    line=$(tr '\0' ' ' 2> /dev/null < "/proc/$pid/cmdline") || return 1
    [ -z "$line" ] || break
    sleep 0.1 # a command line reads empty for a moment while a process becomes another program
  done
  case $line in *"$2"*) return 0 ;; '') return 1 ;; esac
  case $(readlink "/proc/$pid/root" 2> /dev/null) in "$2"/*) return 0 ;; *) return 1 ;; esac
}

# stop_process PIDFILE FOLDER: asks, waits, and insists after half a minute.
stop_process() {
  local pid
  if is_ours "$1" "$2"; then
    pid=$(head -n 1 "$1")
    kill -s TERM "$pid" 2> /dev/null || true
    for _ in $(seq 1 150); do
      is_ours "$1" "$2" || break
      sleep 0.2
    done
    if is_ours "$1" "$2"; then kill -s KILL "$pid" 2> /dev/null || true; fi
  fi
  rm -f "$1"
}

port_is_free() { ! (exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null; }

# secret FILE: a random password, made once.
secret() {
  if [ ! -s "$1" ]; then
    mkdir -p "$(dirname -- "$1")"
    (umask 077; od -An -N16 -tx1 /dev/urandom | tr -d ' \n' > "$1")
  fi
  cat "$1"
}

# finger_print FILE-OR-TEXT...: changes when one of the inputs does.
finger_print() {
  local item
  for item in "$@"; do
    if [ -f "$item" ]; then cat -- "$item"; else printf '%s\n' "$item"; fi
  done | sha256sum | cut -c1-16
}
