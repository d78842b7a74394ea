#!/usr/bin/env bash
# Makes the pictures of the README from real screens: nginx in front of a stand-in, in a network namespace, with one
# line missing. Needs root, nginx, tmux, aha and chromium: apt-get install -y nginx-light tmux aha chromium
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
ip netns add "$ns"
ip -n "$ns" link set lo up
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
  server {
    listen 127.0.0.1:38889;
    location / {
      proxy_pass http://127.0.0.1:38888;
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
nodes: [{name: node1, host: 127.0.0.1}]
websocket: {ports: [38888, 39888], forwarding_ports: [38889]}
balancer: {kind: nginx, url: "ws://127.0.0.1:38889/", shares_host: true}
END
ip netns exec "$ns" unshare --uts --mount "$work/as-installed" standin 127.0.0.1:38888 --name node1 >/dev/null &
ip netns exec "$ns" unshare --uts --mount "$work/as-installed" nginx -p /etc/nginx -c nginx.conf -g 'daemon off;' 2>/dev/null &
# A connection of the last server, so that the ports screen has a countdown to show.
ip netns exec "$ns" python3 - <<'END'
import socket
s = socket.socket(); s.bind(("127.0.0.1", 39888)); s.listen()
c = socket.create_connection(("127.0.0.1", 39888))
s.accept()[0].close(); c.recv(1); c.close(); s.close()
END
sleep 1

# picture NAME: what the terminal shows now, as NAME.png
picture() {
  # aha draws no reverse video: name the two colours outright
  tmux -L "$ns" capture-pane -e -p | sed -E 's/\x1b\[(0;)?(1;)?7m\x1b\[36m\x1b\[49m|\x1b\[1m\x1b\[7m\x1b\[36m/\x1b[0m\x1b[1;30;46m/g' > "$work/$1.ansi"
  aha --black --no-header < "$work/$1.ansi" > "$work/$1.body"
  {
    echo '<meta charset="utf-8"><style>body{margin:0;background:#16181d}pre{margin:0;padding:14px 16px;color:#d5d8de;'
    echo "font:15px/19px 'DejaVu Sans Mono',monospace;display:inline-block}</style><pre>"
    cat "$work/$1.body"
    echo '</pre>'
  } > "$work/$1.html"
  chromium --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update \
    --disable-sync --user-data-dir="$work/chromium" --hide-scrollbars --window-size="$2" --screenshot="$PWD/$1.png" "file://$work/$1.html" >/dev/null 2>&1
}

tmux -L "$ns" -f /dev/null new-session -d -x 100 -y 30 \
  "cd $work && TERM=xterm-256color LANG=C.UTF-8 ip netns exec $ns unshare --uts --mount ./as-installed"
sleep 2
picture overview 934,598
tmux -L "$ns" send-keys 3
sleep 1
picture ports 934,598
tmux -L "$ns" send-keys 6
sleep 1
picture config 934,598
