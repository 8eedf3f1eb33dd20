# shellcheck shell=bash
# Loads the library, and holds what ties several servers together: jobs, installation, the end.

LIB_DIR=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=common.sh
. "$LIB_DIR/common.sh"
# shellcheck source=packages.sh
. "$LIB_DIR/packages.sh"
# shellcheck source=postgres.sh
. "$LIB_DIR/postgres.sh"
# shellcheck source=odoo19.sh
. "$LIB_DIR/odoo19.sh"
# shellcheck source=odoo14.sh
. "$LIB_DIR/odoo14.sh"
# shellcheck source=server.sh
. "$LIB_DIR/server.sh"

# Versions whose server this script started, and jobs that still run: what the end has to stop.
STARTED=()
JOBS=()

# A job is a process group of its own, so that it can be stopped with everything it started.
# Waiting for it, unlike waiting for a command, is interrupted by a signal.
start_job() {
  set -m
  "$@" < /dev/null &
  JOB=$!
  set +m
  JOBS+=("$JOB")
}

end_job() { # end_job JOB: waits and gives the job's status
  local status=0 job rest=()
  wait "$1" || status=$?
  for job in "${JOBS[@]}"; do [ "$job" = "$1" ] || rest+=("$job"); done
  JOBS=("${rest[@]}")
  return "$status"
}

as_job() {
  start_job "$@"
  end_job "$JOB"
}

stop_everything_at_exit() {
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  trap end_of_script EXIT
}

# Stops what this script started and nothing else. PostgreSQL stays while any Odoo here uses it.
end_of_script() {
  local status=$? job version in_use=no
  trap - EXIT HUP INT TERM
  for job in "${JOBS[@]}"; do kill -s TERM -- "-$job" 2> /dev/null || true; done
  for job in "${JOBS[@]}"; do wait "$job" 2> /dev/null || true; done
  for version in "${STARTED[@]}"; do
    use_version "$version"
    stop_odoo
  done
  for version in 19 14; do
    use_version "$version"
    if odoo_runs; then in_use=yes; fi
  done
  if [ "$in_use" = no ]; then pg_stop; fi
  exit "$status"
}

# install_all VERSION...: both at the same time; sets INSTALLED to those that are there now.
install_all() {
  local version status=0 failed=no
  local -A jobs=()
  INSTALLED=()
  mkdir -p "$CACHE/apt"
  rm -f "$CACHE"/cannot-download.*
  # Started apart from waiting: bash forgets `set -e` in whatever it calls left of `||`.
  start_job pg_start
  end_job "$JOB" || status=$?
  for version in "$@"; do
    use_version "$version"
    if [ "$status" -eq "$CANNOT_DOWNLOAD" ]; then
      skipped "$version" all
      continue
    fi
    [ "$status" -eq 0 ] || exit "$status"
    stop_orphan
    start_job install_odoo
    jobs[$version]=$JOB
  done
  for version in "$@"; do
    [ -n "${jobs[$version]:-}" ] || continue
    status=0
    end_job "${jobs[$version]}" || status=$?
    case $status in
      0) INSTALLED+=("$version") ;;
      "$CANNOT_DOWNLOAD") skipped "$version" "$version" ;;
      *) failed=yes ;;
    esac
  done
  [ "$failed" = no ] || exit 1
}

skipped() { # skipped VERSION FILE-SUFFIX
  echo "SKIPPED: Odoo $1: $(cat "$CACHE/cannot-download.$2" 2> /dev/null || echo 'a package') cannot be downloaded"
}
