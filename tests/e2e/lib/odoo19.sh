# shellcheck shell=bash
# Odoo 19: the package of Debian sid, unpacked into a private root, with a Python environment of
# its own. Nothing of it is installed in the system.

settings_19() {
  PORT=$PORT_19 GEVENT=$GEVENT_19 GEVENT_NAME=gevent_port DB=e2e19 ROLE=odoo19
  CONF=$HOME_DIR/odoo.conf STATE=$HOME_DIR UNPACKED=$HOME_DIR/root
  ADDONS=$UNPACKED/usr/lib/python3/dist-packages/odoo/addons ADDONS_SEEN=$ADDONS
  OUTSIDE_CONF=$CONF
  WITH_DEMO=(--with-demo) # 19 has no demo data unless asked
}

# The system's Python first: the servers' user can always read it.
python_19() {
  local python
  for python in ${ODOO_MCP_PYTHON:+"$ODOO_MCP_PYTHON"} /usr/bin/python3 python3; do
    "$python" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2> /dev/null || continue
    if ! "$python" -c 'import ensurepip, venv' 2> /dev/null; then
      if [ "$python" != /usr/bin/python3 ]; then continue; fi
      install_packages python3-venv >&2
    fi
    echo "$python"
    return 0
  done
  die "no Python 3.10 to 3.13 with the module venv (ODOO_MCP_PYTHON names one)"
}

install_19() {
  local stamp python name log=$HOME_DIR/pip.log dangling
  stamp=$(finger_print "$E2E_DIR/requirements-19.txt" "${BASH_SOURCE[0]}" "$EXTRA_PACKAGES")
  [ "$(cat "$HOME_DIR/installed" 2> /dev/null)" != "$stamp" ] || return 0
  mkdir -p "$HOME_DIR"
  # shellcheck disable=SC2086 # a list of words
  install_packages ca-certificates curl fonts-dejavu-core $EXTRA_PACKAGES

  say "Odoo 19: fetching the package and the fonts and scripts that it links to"
  rm -rf "$HOME_DIR/root.new"
  mkdir -p "$HOME_DIR/root.new"
  # Their links are relative, so they hold inside a private root. Most are wanted in the version of
  # this machine's own suite: fonts-font-awesome of sid has another layout.
  for name in fonts-font-awesome fonts-inconsolata fonts-montserrat fonts-ocr-b fonts-roboto-unhinted \
    fonts-glyphicons-halflings libjs-jquery libjs-jquery-form libjs-underscore; do
    fetch_package "$name" "$(own_suite)" sid
    dpkg -x "$FETCHED" "$HOME_DIR/root.new"
  done
  fetch_package odoo-19 sid
  dpkg -x "$FETCHED" "$HOME_DIR/root.new"
  rm -rf "$HOME_DIR/root"
  mv "$HOME_DIR/root.new" "$HOME_DIR/root"
  dangling=$(find "$HOME_DIR/root" -xtype l | wc -l)
  [ "$dangling" -eq 0 ] || say "Odoo 19: $dangling links of the package lead nowhere"

  python=$(python_19)
  say "Odoo 19: making the Python environment"
  rm -rf "$HOME_DIR/venv"
  "$python" -m venv "$HOME_DIR/venv"
  if ! "$HOME_DIR/venv/bin/pip" install --disable-pip-version-check --prefer-binary --retries 3 \
    -r "$E2E_DIR/requirements-19.txt" > "$log" 2>&1; then
    if grep -qE "$NOT_TO_BE_HAD" "$log"; then
      cannot_download "$(grep -oE '(No matching distribution found for|Could not find a version that satisfies the requirement|Could not fetch URL) .*' "$log" | tail -n 1 || echo 'a Python package')"
    fi
    die_with_log "pip install failed" "$log"
  fi
  # `odoo` is a namespace package in 19: a line with the folder above it is enough.
  echo "$UNPACKED/usr/lib/python3/dist-packages" > "$(echo "$HOME_DIR"/venv/lib/python3*/site-packages)/odoo19.pth"
  echo "$stamp" > "$HOME_DIR/installed"
}

prepare_state_19() { server_dir "$HOME_DIR/data" "$HOME_DIR/log"; }

command_19() { COMMAND=("${AS_SERVER[@]}" "$HOME_DIR/venv/bin/python" "$UNPACKED/usr/bin/odoo" "$@"); }
