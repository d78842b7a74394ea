package nginx

import (
	"fmt"
	"strconv"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/nginx/conf"
)

var workerConnections = Rule{
	ID:    "nginx/worker-connections",
	Title: "the workers carry as many tunnels as clients are expected",
	Why:   "worker_connections counts both sides of a tunnel: N carry about N/2 tunnels a worker, and the next client's connection is reset (`worker_connections are not enough`)",
	Docs:  "https://nginx.org/en/docs/ngx_core_module.html#worker_connections",
	Check: func(in *Input) []Finding {
		c, ok := in.capacity()
		if !ok || c.dir == nil {
			return nil
		}
		fix := func(f Finding, n int) []Finding {
			line := fmt.Sprintf("worker_connections %d;", n)
			f = f.with(line)
			if c.dir.Name == "worker_connections" {
				f = f.edit(replaceArg(c.dir, 0, strconv.Itoa(n)))
			} else if len(c.dir.Block) > 0 {
				f = f.edit(insertFirst(c.dir, line)...)
			} else if c.dir.HasBlock {
				f = f.edit(conf.Edit{File: c.dir.File, Start: c.dir.Open + 1, End: c.dir.Open + 1, Text: " " + line + " "})
			}
			return []Finding{f}
		}
		if in.Cluster != nil && in.Cluster.Clients > 0 {
			want := in.Cluster.Clients
			workers := max(1, c.workers)
			if c.perWorker()*workers >= want || c.workers == 0 && c.perWorker()*64 >= want {
				return nil
			}
			need := roundUp(2*(want/workers+1) + c.listeners + 1)
			return fix(at(c.dir, probes.Error, probes.T("%d worker_connections in %d workers carry about %d tunnels, expected %d", c.connections, workers, c.perWorker()*workers, want)), need)
		}
		if c.connections > fewConnections {
			return nil
		}
		return fix(at(c.dir, probes.Info, probes.T("%d worker_connections carry about %d tunnels in each worker: two for each, and more while a reload's old workers live on", c.connections, c.perWorker())), 8192)
	},
}
