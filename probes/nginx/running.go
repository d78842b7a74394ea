package nginx

import "time"

// Running is the nginx that runs on this host.
type Running struct {
	PID       int                  `json:"pid"`        // of the master
	Workers   []int                `json:"workers"`    // pids of those that take new connections
	Config    string               `json:"config"`     // of its -c, or the default that it was built with
	Loaded    time.Time            `json:"loaded"`     // when its oldest worker of the present generation was started; zero: not seen
	OpenFiles int                  `json:"open_files"` // soft limit of a worker; 0: not seen
	Changed   map[string]time.Time `json:"-"`          // when each file of the configuration was last written
}
