# shellcheck shell=bash
# Odoo 14: in a chroot of Debian 11, which has exactly the Python and the libraries that it wants.
# /proc and /dev are mounted in a private mount namespace only, so nothing stays mounted.

settings_14() {
  PORT=$PORT_14 GEVENT=$GEVENT_14 GEVENT_NAME=longpolling_port DB=e2e14 ROLE=odoo14
  CONF=/srv/odoo/odoo.conf STATE=/srv/odoo
  ADDONS_SEEN=/usr/lib/python3/dist-packages/odoo/addons ADDONS=$HOME_DIR/root$ADDONS_SEEN
  OUTSIDE_CONF=$HOME_DIR/root$CONF
  WITH_DEMO=() # 14 has demo data unless told otherwise
}

# The script that enters the chroot; its first argument is the root, the rest goes to chroot.
ENTER_CHROOT='root=$1; shift
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
exec chroot "$@"'

in_chroot() {
  unshare --mount --propagation private -- sh -eu -c "$ENTER_CHROOT" sh "$HOME_DIR/root" "$HOME_DIR/root" \
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME=/root DEBIAN_FRONTEND=noninteractive \
    ${http_proxy:+"http_proxy=$http_proxy"} ${https_proxy:+"https_proxy=$https_proxy"} "$@"
}

# not_to_be_had LOG MESSAGE: leaves Odoo 14 out if the log says so, else fails.
not_to_be_had() {
  if grep -qE "$NOT_TO_BE_HAD" "$1"; then
    grep -E "$NOT_TO_BE_HAD" "$1" | tail -n 5 >&2
    cannot_download "$2"
  fi
  die_with_log "installing $2 failed" "$1"
}

install_14() {
  local stamp uri tool=$CACHE/tools/debootstrap root=$HOME_DIR/root log=$HOME_DIR/install.log
  local packages=(odoo-14 python3-renderpm gsfonts fonts-dejavu-core procps)
  is_root || die "Odoo 14 runs in a chroot, which needs root; as an ordinary user run only 19"
  # shellcheck disable=SC2206 # a list of words
  [ -z "$EXTRA_PACKAGES" ] || packages+=($EXTRA_PACKAGES)
  stamp=$(finger_print "${BASH_SOURCE[0]}" "${packages[*]}")
  [ "$(cat "$HOME_DIR/installed" 2> /dev/null)" != "$stamp" ] || return 0
  mkdir -p "$HOME_DIR"
  install_packages ca-certificates curl wget util-linux
  if [ ! -e "$root/.bootstrapped" ]; then
    if [ ! -d "$tool" ]; then
      fetch_package debootstrap "$(own_suite)"
      mkdir -p "$tool.new"
      dpkg -x "$FETCHED" "$tool.new"
      mv "$tool.new" "$tool"
    fi
    say "Odoo 14: making a root of Debian 11"
    uri=$(debian_mirror)
    rm -rf "$root"
    DEBOOTSTRAP_DIR=$tool/usr/share/debootstrap "$tool/usr/sbin/debootstrap" --variant=minbase \
      --keyring="$KEYRING" bullseye "$root" "$uri" > "$log" 2>&1 ||
      not_to_be_had "$log" "package base of Debian 11"
    touch "$root/.bootstrapped"
  fi
  # No service may start inside the chroot.
  printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
  chmod 755 "$root/usr/sbin/policy-rc.d"
  cp /etc/resolv.conf "$root/etc/resolv.conf"
  copy_trust_and_proxy "$root"
  say "Odoo 14: installing the package and what it wants"
  { in_chroot apt-get "${APT_QUIET[@]}" update &&
    in_chroot apt-get "${APT_QUIET[@]}" -y --no-install-recommends --download-only install "${packages[@]}"; } \
    > "$log" 2>&1 || not_to_be_had "$log" "package odoo-14 of Debian 11"
  in_chroot apt-get "${APT_QUIET[@]}" -y --no-install-recommends install "${packages[@]}" >> "$log" 2>&1 ||
    die_with_log "installing odoo-14 failed" "$log"
  in_chroot apt-get clean
  echo "$stamp" > "$HOME_DIR/installed"
}

# The machine may reach its mirror only through a proxy or with a certificate of its own.
copy_trust_and_proxy() {
  local setting value trust=/etc/ssl/certs/ca-certificates.crt
  : > "$1/etc/apt/apt.conf.d/90machine"
  if [ -e "$trust" ]; then
    cp -L "$trust" "$1/etc/apt/machine-ca.crt"
    echo 'Acquire::https::CaInfo "/etc/apt/machine-ca.crt";' >> "$1/etc/apt/apt.conf.d/90machine"
  fi
  for setting in Acquire::http::Proxy Acquire::https::Proxy; do
    value=$(apt-config dump --format '%v' "$setting" 2> /dev/null | head -n 1)
    [ -z "$value" ] || echo "$setting \"$value\";" >> "$1/etc/apt/apt.conf.d/90machine"
  done
}

# The servers' user keeps its numbers inside, where they need a name too.
prepare_state_14() {
  local root=$HOME_DIR/root user group
  user=$(id -u "$SERVER_USER") group=$(id -g "$SERVER_USER")
  grep -q "^[^:]*:[^:]*:$group:" "$root/etc/group" || echo "$SERVER_USER:x:$group:" >> "$root/etc/group"
  grep -q "^[^:]*:[^:]*:$user:" "$root/etc/passwd" ||
    echo "$SERVER_USER:x:$user:$group::/srv/odoo:/usr/sbin/nologin" >> "$root/etc/passwd"
  server_dir "$root/srv/odoo" "$root/srv/odoo/data" "$root/srv/odoo/log"
  ln -sfn root/srv/odoo/log "$HOME_DIR/log"
  ln -sfn root/srv/odoo/data "$HOME_DIR/data"
}

command_14() {
  local user
  user=$(id -u "$SERVER_USER"):$(id -g "$SERVER_USER")
  COMMAND=(unshare --mount --propagation private -- sh -eu -c "$ENTER_CHROOT" sh "$HOME_DIR/root"
    "--userspec=$user" "$HOME_DIR/root" env -i PATH=/usr/bin:/bin LANG=C.UTF-8 HOME=/srv/odoo
    /usr/bin/python3 /usr/bin/odoo "$@")
}
