package cluster

import (
	"slices"
	"time"
)

// ProductInfo is what is known of a product before anything is asked.
type ProductInfo struct {
	Name  Product
	Title string
	// Family tells a product that keeps its ports in fine_conf_entity and follows the listen order of that table.
	Family          bool
	Ports           []int
	ForwardingPorts []int
	Path            string
	Heartbeat       time.Duration
}

// enginePath is where an Engine.IO server takes a WebSocket without polling first (Engine.IO protocol, "Transports").
// The servers of the FineReport family speak protocol 3, today's Socket.IO speaks 4.
const (
	enginePath3 = "/socket.io/?EIO=3&transport=websocket"
	enginePath4 = "/socket.io/?EIO=4&transport=websocket"
)

// Products lists the products in the order in which they are offered. The ports of the FineReport family are its
// vendor's defaults; heartbeats are the pingInterval defaults of Engine.IO 3 and 4 servers.
var Products = []ProductInfo{
	{FineReport, "FineReport", true, []int{38888, 39888}, []int{38889}, enginePath3, 25 * time.Second},
	{FineBI, "FineBI", true, []int{48888, 49888}, []int{48889}, enginePath3, 25 * time.Second},
	{FineDataLink, "FineDataLink", true, []int{58888, 59888}, []int{58889}, enginePath3, 25 * time.Second},
	{SocketIO, "a Socket.IO application", false, []int{3000}, nil, enginePath4, 25 * time.Second},
	{Generic, "any other WebSocket service", false, []int{8080}, nil, "/", 0},
}

// Info returns what is known of p; ok is false for a product that does not exist.
func (p Product) Info() (ProductInfo, bool) {
	i := slices.IndexFunc(Products, func(i ProductInfo) bool { return i.Name == p })
	if i < 0 {
		return ProductInfo{}, false
	}
	return Products[i], true
}

// Default returns the settings that a product has when nothing is said: one node on this host, no balancer.
func Default(p Product) Config {
	info, ok := p.Info()
	if !ok {
		info, _ = Generic.Info()
	}
	return Config{
		Version: Version,
		Product: info.Name,
		Nodes:   []Node{{Name: "this-host", Host: "127.0.0.1"}},
		WebSocket: WebSocket{
			Ports:           slices.Clone(info.Ports),
			ForwardingPorts: slices.Clone(info.ForwardingPorts),
			Path:            info.Path,
			ListenOrder:     PortsFirst,
		},
		Balancer:  Balancer{Kind: Other},
		Heartbeat: info.Heartbeat,
		Clients:   1000,
		Proxy: Proxy{
			Bind:          "first",
			TLS:           TLS{MinVersion: "1.2"},
			Policy:        "ip-hash",
			PassiveHealth: PassiveHealth{MaxFails: 1, FailTimeout: 10 * time.Second},
			ActiveHealth:  ActiveHealth{Kind: "websocket", Path: "/", Interval: 3 * time.Second, Timeout: time.Second, Rise: 2, Fall: 3},
			Limits:        Limits{PerIP: 1000},
			Timeouts: Timeouts{
				Connect: 5 * time.Second, Handshake: 10 * time.Second, Idle: time.Hour, Drain: time.Minute,
			},
			ProxyProtocol: "off",
			Admin:         "127.0.0.1:9380",
		},
	}
}
