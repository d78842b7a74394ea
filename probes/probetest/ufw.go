package probetest

import (
	"strings"
	"testing"
)

// UFW returns a shell script that runs the ufw commands on its standard input and switches ufw on. It works in a mount
// namespace of its own on copies of ufw's files below dir, made where dir has none yet, so that those of the host stay
// as they are; the rules go into the network namespace of the caller, which must be one of InNetns.
func UFW(t *testing.T, dir string) string {
	t.Helper()
	Need(t, "ufw")
	return strings.ReplaceAll(ufwScript, "DIR", dir)
}

const ufwScript = `set -e
export XTABLES_LOCKFILE=DIR/lock
cat >DIR/commands
if [ ! -d DIR/etc/ufw ]; then
  mkdir -p DIR/etc/default DIR/lib DIR/run
  cp -a /etc/ufw DIR/etc/ufw
  cp -a /etc/default/ufw DIR/etc/default/ufw
  cp -a /lib/ufw DIR/lib/ufw
  echo 'IPT_SYSCTL=' >>DIR/etc/default/ufw
  echo 'IPT_MODULES=""' >>DIR/etc/default/ufw
fi
unshare -m --propagation private sh -e <<'END'
mount --bind DIR/etc/ufw /etc/ufw
mount --bind DIR/etc/default/ufw /etc/default/ufw
mount --bind DIR/lib/ufw /lib/ufw
mount --bind DIR/run /run
. DIR/commands
ufw --force enable >/dev/null
END
`
