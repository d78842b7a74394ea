package nginx

import (
	"fmt"
	"strconv"

	"example.com/wsdoctor/probes/nginx/conf"
)

// defaultConnections is nginx's own worker_connections.
const defaultConnections = 512

// fewConnections is the number up to which nginx's packages and examples go; beyond it, somebody has thought of it.
const fewConnections = 2048

// capacity is how many tunnels the workers carry.
type capacity struct {
	connections, listeners, workers int // workers 0: not known
	dir                             *conf.Directive
}

// perWorker is (N − listeners − 1)/2: each tunnel takes a connection to the client and one to the backend, and the
// listeners and the channel to the master take theirs.
func (c capacity) perWorker() int { return max(0, (c.connections-c.listeners-1)/2) }

func (in *Input) capacity() (capacity, bool) {
	if in.Model.Events == nil {
		return capacity{}, false
	}
	c := capacity{connections: defaultConnections, dir: in.Model.Events.Dir}
	if d := in.Model.Events.Effective("worker_connections").Last(); d != nil {
		n, err := strconv.Atoi(d.Arg(0))
		if err != nil {
			return capacity{}, false
		}
		c.connections, c.dir = n, d
	}
	seen := map[string]bool{}
	for _, s := range in.Model.Servers {
		for _, l := range s.Listens {
			seen[fmt.Sprintf("%s:%d", l.Address, l.Port)] = true
		}
	}
	c.listeners = max(1, len(seen))
	switch v := in.Model.Main.Effective("worker_processes").Text("1"); v {
	case "auto":
		c.workers = in.CPUs
	default:
		c.workers, _ = strconv.Atoi(v)
	}
	return c, true
}

// roundUp returns the next power of two from 1024.
func roundUp(n int) int {
	p := 1024
	for p < n {
		p *= 2
	}
	return p
}
