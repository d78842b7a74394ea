package firewall

import (
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes/firewall/netfilter"
)

// readLinks lists the interfaces of this host that are up, but for loopback, with what is reached through each by the
// main routing tables in /proc.
func readLinks(path func(string) string) ([]netfilter.Link, error) {
	ifs, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("listing the interfaces: %w", err)
	}
	routes := map[string][]netip.Prefix{}
	if text, err := os.ReadFile(path("/proc/net/route")); err == nil { // without it, addresses tell the networks
		parseRoutes4(string(text), routes)
	}
	if text, err := os.ReadFile(path("/proc/net/ipv6_route")); err == nil {
		parseRoutes6(string(text), routes)
	}
	var out []netfilter.Link
	for _, i := range ifs {
		if i.Flags&net.FlagUp == 0 || i.Flags&net.FlagLoopback != 0 {
			continue
		}
		l := netfilter.Link{Name: i.Name, Index: i.Index, Routes: routes[i.Name]}
		addrs, err := i.Addrs()
		if err != nil {
			return nil, fmt.Errorf("listing the addresses of %s: %w", i.Name, err)
		}
		for _, a := range addrs {
			if p, err := netip.ParsePrefix(a.String()); err == nil {
				l.Addrs = append(l.Addrs, p)
			}
		}
		_, err = os.Stat(path("/sys/class/net/" + i.Name + "/bridge"))
		l.Bridge = err == nil
		out = append(out, l)
	}
	return out, nil
}

// Route flags of linux/route.h and linux/ipv6_route.h: up, one that refuses.
const (
	routeUp     = 0x0001
	routeReject = 0x0200
)

// parseRoutes4 reads /proc/net/route: interface, destination, gateway, flags, …, mask; addresses are numbers in the
// machine's order (fib_trie.c, fib_route_seq_show).
func parseRoutes4(text string, into map[string][]netip.Prefix) {
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 8 {
			continue
		}
		dest, ok1 := hostAddr(f[1])
		mask, ok2 := hostAddr(f[7])
		flags, err := strconv.ParseUint(f[3], 16, 32)
		if !ok1 || !ok2 || err != nil || flags&routeUp == 0 || flags&routeReject != 0 {
			continue
		}
		bits, size := net.IPMask(mask.AsSlice()).Size()
		if size == 0 {
			continue
		}
		into[f[0]] = append(into[f[0]], netip.PrefixFrom(dest, bits))
	}
}

// hostAddr reads an IPv4 address that was printed as one number.
func hostAddr(s string) (netip.Addr, bool) {
	n, err := strconv.ParseUint(s, 16, 32)
	if err != nil {
		return netip.Addr{}, false
	}
	return netip.AddrFrom4(netfilter.HostBytes(uint32(n))), true
}

// parseRoutes6 reads /proc/net/ipv6_route: destination, its length in hex, source, its length, next hop, metric,
// references, uses, flags, interface (net/ipv6/route.c, ipv6_route_native_seq_show).
func parseRoutes6(text string, into map[string][]netip.Prefix) {
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 10 || f[9] == "lo" {
			continue
		}
		b, err := hex.DecodeString(f[0])
		bits, err2 := strconv.ParseUint(f[1], 16, 8)
		flags, err3 := strconv.ParseUint(f[8], 16, 32)
		a, ok := netip.AddrFromSlice(b)
		if err != nil || err2 != nil || err3 != nil || !ok || flags&routeUp == 0 || flags&routeReject != 0 || bits > 128 {
			continue
		}
		into[f[9]] = append(into[f[9]], netip.PrefixFrom(a, int(bits)))
	}
}

// ways lists the links by which connections are expected: the one that leads to a known source, else those that have
// the address, else those that lead out, else all.
func ways(links []netfilter.Link, to, from addr) []string {
	if from.IsValid() {
		if l, ok := netfilter.Via(links, from); ok {
			return []string{l.Name}
		}
	}
	var having, leading, all []string
	for _, l := range links {
		all = append(all, l.Name)
		if l.Has(to) {
			having = append(having, l.Name)
		}
		if slices.ContainsFunc(l.Routes, func(p netip.Prefix) bool { return p.Bits() == 0 }) {
			leading = append(leading, l.Name)
		}
	}
	for _, list := range [][]string{having, leading} {
		if len(list) > 0 {
			return list
		}
	}
	return all
}
