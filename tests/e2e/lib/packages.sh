# shellcheck shell=bash
# Packages: of this machine's distribution, and of other Debian suites without touching the system.
# The mirror is read from the machine's own apt configuration at run time.

KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
APT_QUIET=(-qq -o Acquire::Retries=3 -o DPkg::Lock::Timeout=600)
# What apt, debootstrap and pip say when something is not to be had, as opposed to broken.
NOT_TO_BE_HAD='Unable to (fetch|locate)|Failed to fetch|has no installation candidate|E: Couldn.t download|W: Failure trying to run.*(wget)|Failed getting release|Couldn.t find these debs|No matching distribution|Could not find a version|Max retries|Connection (refused|broken|reset|timed out)|Temporary failure|404 Client Error|403 Client Error|Could not fetch URL|Read timed out'

is_installed() { dpkg-query -W -f='${db:Status-Status}' "$1" 2> /dev/null | grep -qx installed; }

# install_packages NAME...: from this machine's own suite.
install_packages() {
  local missing=() name log=$CACHE/apt-install.log
  for name in "$@"; do is_installed "$name" || missing+=("$name"); done
  [ ${#missing[@]} -gt 0 ] || return 0
  is_root || die "missing packages; as root run: apt-get install --no-install-recommends ${missing[*]}"
  say "installing ${missing[*]}"
  # Several scripts may install at the same time, with caches of their own; the system's packages go one by
  # one, and only root comes here.
  exec 8> /var/lock/odoo-mcp-e2e-apt.lock
  flock 8
  if ! { apt-get "${APT_QUIET[@]}" update &&
    apt-get "${APT_QUIET[@]}" -y --no-install-recommends --download-only install "${missing[@]}"; } > "$log" 2>&1; then
    if grep -qE "$NOT_TO_BE_HAD" "$log"; then
      grep -E "$NOT_TO_BE_HAD" "$log" | tail -n 5 >&2
      cannot_download "one of ${missing[*]}"
    fi
    die_with_log "apt-get could not prepare ${missing[*]}" "$log"
  fi
  DEBIAN_FRONTEND=noninteractive apt-get "${APT_QUIET[@]}" -y --no-install-recommends install "${missing[@]}" \
    >> "$log" 2>&1 8>&- || die_with_log "apt-get install ${missing[*]} failed" "$log"
  exec 8>&-
}

own_suite() { (. /etc/os-release && echo "$VERSION_CODENAME"); }

# The URI of the machine's own Debian mirror.
mirror() {
  apt-get indextargets --format '$(CODENAME)|$(REPO_URI)' 'Created-By: Packages' |
    awk -F'|' -v suite="$(own_suite)" '$1 == suite { sub(/\/+$/, "", $2); print $2; exit }'
}

debian_mirror() {
  local uri log=$CACHE/apt/update.log
  [ -e "$KEYRING" ] || die "$KEYRING is missing: this needs Debian (package debian-archive-keyring)"
  uri=$(mirror)
  # apt tells its mirrors only once it has their lists.
  if [ -z "$uri" ] && is_root; then
    apt-get "${APT_QUIET[@]}" update > "$log" 2>&1 || true
    uri=$(mirror)
    if [ -z "$uri" ] && grep -qE "$NOT_TO_BE_HAD" "$log"; then
      grep -E "$NOT_TO_BE_HAD" "$log" | tail -n 5 >&2
      cannot_download "any list of packages"
    fi
  fi
  [ -n "$uri" ] || die "no Debian mirror in this machine's apt configuration"
  echo "$uri"
}

# suite_options SUITE: sets SUITE_OPTIONS, with which apt-get sees that suite and nothing else.
# Fails if the mirror does not have the suite's lists.
suite_options() {
  local suite=$1 dir=$CACHE/apt/$1 log=$CACHE/apt/$1.log uri
  mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
  SUITE_OPTIONS=("${APT_QUIET[@]}"
    -o "Dir::Etc::sourcelist=$dir/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::lists=$dir/lists" -o "Dir::Cache=$dir/cache"
    -o APT::Sandbox::User=root -o Acquire::Languages=none
    -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false)
  if [ ! -e "$dir/fresh" ] || [ -n "$(find "$dir/fresh" -mmin +1440)" ]; then
    uri=$(debian_mirror) || exit # its status says why; `set -e` does not hold left of `||`
    echo "deb [signed-by=$KEYRING] $uri $suite main" > "$dir/sources.list"
    # apt-get update ends well although a list could not be fetched.
    apt-get "${SUITE_OPTIONS[@]}" update > "$log" 2>&1 || echo "E: update failed" >> "$log"
    if grep -qE '^[EW]:' "$log"; then
      if grep -qE "$NOT_TO_BE_HAD" "$log"; then return 1; fi
      die_with_log "the package lists of $suite cannot be read" "$log"
    fi
    touch "$dir/fresh"
  fi
}

# fetch_package NAME SUITE...: sets FETCHED to the file of the first suite that has the package.
# A file that was fetched once is kept: suites move on, and old ones leave the mirrors.
fetch_package() {
  local name=$1 suite part=$CACHE/deb/$1.part log=$CACHE/apt/$1.log
  shift
  mkdir -p "$CACHE/deb" "$CACHE/apt"
  # The installations of two versions share the lists.
  exec 7> "$CACHE/apt/lock"
  flock 7
  FETCHED=$(find "$CACHE/deb" -maxdepth 1 -name "${name}_*.deb" | head -n 1)
  for suite in "$@"; do
    [ -z "$FETCHED" ] || break
    suite_options "$suite" || continue
    rm -rf "$part"
    mkdir -p "$part"
    if (cd "$part" && apt-get "${SUITE_OPTIONS[@]}" download "$name") > "$log" 2>&1; then
      mv "$part/"*.deb "$CACHE/deb/"
      rmdir "$part"
      FETCHED=$(find "$CACHE/deb" -maxdepth 1 -name "${name}_*.deb" | head -n 1)
    elif ! grep -qE "$NOT_TO_BE_HAD|Can.t find a source|Unable to locate" "$log"; then
      die_with_log "apt-get download $name failed" "$log"
    fi
  done
  exec 7>&-
  [ -n "$FETCHED" ] || cannot_download "package $name"
}
