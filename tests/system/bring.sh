#!/bin/sh
# Programs that tests need and no Python package brings: from the machine's package manager if it may, else the command is named.
# Each line: a program, and the Debian packages that bring it. Twice is safe; what is there already costs nothing.
set -eu

wanted() {
  cat <<LIST
chromium chromium
chromedriver chromium-driver
java default-jre-headless
mvn maven
LIST
}

missing=$(wanted | while read -r program packages; do
  command -v "$program" >/dev/null 2>&1 || printf '%s ' "$packages"
done)
[ -n "$missing" ] || exit 0

install="apt-get install --yes --no-install-recommends $missing"
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "bringing $missing(once, some minutes) ..." >&2
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086 # a list of packages
  if apt-get update --quiet=2 >/dev/null && $install --quiet=2 >/dev/null; then
    exit 0
  fi
  echo "that failed:" >&2
fi
if command -v apt-get >/dev/null 2>&1; then
  echo "tests that need $missing are skipped; to have them: sudo $install" >&2
else
  echo "tests that need $missing(Debian's names) are skipped until this machine has them" >&2
fi
