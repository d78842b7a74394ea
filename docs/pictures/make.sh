#!/usr/bin/env bash
# Makes the pictures of the README from real screens: nginx in front of stand-ins, in a network namespace, with one
# line missing and one node down. Needs root, nginx and tmux, which `make testdeps` installs.
set -euo pipefail
cd "$(dirname "$0")"
repo=$(cd ../.. && pwd)
work=$(mktemp -d)
ns=wsdoctor-pictures
finish() {
  tmux -L "$ns" kill-server 2>/dev/null || true
  ip netns pids "$ns" 2>/dev/null | xargs -r kill 2>/dev/null || true
  ip netns del "$ns" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
make -s -C "$repo" build
(cd "$repo" && go build -o "$work/picture" ./tui/picture)
ip netns add "$ns"
ip -n "$ns" link set lo up
for host in 171 172 173 181; do ip -n "$ns" addr add "192.168.6.$host/32" dev lo; done
ip netns exec "$ns" sysctl -qw net.ipv4.ip_local_reserved_ports=38888-38889,39888
mkdir "$work/b" "$work/p"
# The screens name hosts and commands: those of an installation, and none of where this repository lies.
cat > "$work/as-installed" <<END
#!/usr/bin/env bash
hostname node1
mount --bind "$work" /etc/nginx
cd /etc/nginx
[ "\$1" != nginx ] || exec "\$@"
exec -a wsdoctor "$repo/bin/wsdoctor" "\$@"
END
chmod +x "$work/as-installed"
cat > "$work/nginx.conf" <<'END'
pid nginx.pid;
error_log stderr;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path p; uwsgi_temp_path p; scgi_temp_path p;
  map $http_upgrade $connection_upgrade { default upgrade; '' close; }
  upstream websocket {
    ip_hash;
    server 192.168.6.171:38888;
    server 192.168.6.172:38888;
    server 192.168.6.173:38888;
  }
  server {
    listen 192.168.6.181:38889;
    location / {
      proxy_pass http://websocket;
      proxy_http_version 1.1;
      proxy_read_timeout 75s;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header Connection $connection_upgrade;
      proxy_set_header Host $http_host;
    }
  }
}
END
cat > "$work/wsdoctor.yaml" <<'END'
version: 1
product: finereport
nodes: [{name: node1, host: 192.168.6.171}, {name: node2, host: 192.168.6.172}, {name: node3, host: 192.168.6.173}]
websocket: {ports: [38888, 39888], forwarding_ports: [38889]}
balancer: {kind: nginx, url: "ws://192.168.6.181:38889/", shares_host: true}
END
for n in 1 3; do
  ip netns exec "$ns" unshare --uts --mount "$work/as-installed" standin "192.168.6.17$n:38888" --name "node$n" >/dev/null &
done
ip netns exec "$ns" unshare --uts --mount "$work/as-installed" nginx -p /etc/nginx -c nginx.conf -g 'daemon off;' 2>/dev/null &
# A connection of the last server, so that the ports screen has a countdown to show.
ip netns exec "$ns" python3 - <<'END'
import socket
s = socket.socket(); s.bind(("192.168.6.171", 39888)); s.listen()
c = socket.create_connection(("192.168.6.171", 39888))
s.accept()[0].close(); c.recv(1); c.close(); s.close()
END
sleep 1

# until TEXT: waits until the terminal shows it
until_shown() {
  for _ in $(seq 300); do
    if tmux -L "$ns" capture-pane -p | grep -q "$1"; then return; fi
    sleep 0.1
  done
  echo "the terminal does not show $1:" >&2
  tmux -L "$ns" capture-pane -p >&2
  exit 1
}
# picture NAME: what the terminal shows now, as NAME.svg
picture() { tmux -L "$ns" capture-pane -e -p | "$work/picture" >"$1.svg"; }

tmux -L "$ns" -f /dev/null new-session -d -x 100 -y 30 \
  "cd $work && TERM=xterm-256color LANG=C.UTF-8 ip netns exec $ns unshare --uts --mount ./as-installed"
until_shown 'last run at'
picture overview
tmux -L "$ns" send-keys 3
until_shown 'TIME_WAIT'
picture ports
tmux -L "$ns" send-keys 6
until_shown 'proxy_pass'
picture config
