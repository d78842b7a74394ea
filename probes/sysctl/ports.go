package sysctl

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes"
)

// Range is an inclusive range of ports.
type Range struct {
	Low  int `json:"low"`
	High int `json:"high"`
}

// Contains tells whether port lies in r.
func (r Range) Contains(port int) bool { return r.Low <= port && port <= r.High }

func (r Range) String() string {
	if r.Low == r.High {
		return strconv.Itoa(r.Low)
	}
	return fmt.Sprintf("%d-%d", r.Low, r.High)
}

// Ports is a set of ports: sorted ranges that neither touch nor overlap.
type Ports []Range

// ParsePorts reads the format of net.ipv4.ip_local_reserved_ports: "8080,9148-9150", or nothing.
func ParsePorts(s string) (Ports, error) {
	var p Ports
	for part := range strings.SplitSeq(strings.TrimSpace(s), ",") {
		if part == "" {
			continue
		}
		low, high, isRange := strings.Cut(part, "-")
		if !isRange {
			high = low
		}
		l, lerr := strconv.ParseUint(low, 10, 16)
		h, herr := strconv.ParseUint(high, 10, 16)
		if lerr != nil || herr != nil || h < l {
			return nil, fmt.Errorf("found %q, expected a port or a range such as 9148-9150", part)
		}
		p = append(p, Range{int(l), int(h)})
	}
	return p.merged(), nil
}

func (p Ports) merged() Ports {
	sorted := slices.SortedFunc(slices.Values(p), func(a, b Range) int { return a.Low - b.Low })
	var out Ports
	for _, r := range sorted {
		if n := len(out); n > 0 && r.Low <= out[n-1].High+1 {
			out[n-1].High = max(out[n-1].High, r.High)
			continue
		}
		out = append(out, r)
	}
	return out
}

// Contains tells whether port is in p.
func (p Ports) Contains(port int) bool {
	return slices.ContainsFunc(p, func(r Range) bool { return r.Contains(port) })
}

// With returns p with more ports in it.
func (p Ports) With(ports ...int) Ports {
	out := slices.Clone(p)
	for _, port := range ports {
		out = append(out, Range{port, port})
	}
	return out.merged()
}

// CountIn returns how many ports of r are in p.
func (p Ports) CountIn(r Range) int {
	n := 0
	for _, q := range p {
		n += max(0, min(q.High, r.High)-max(q.Low, r.Low)+1)
	}
	return n
}

// String writes the format of net.ipv4.ip_local_reserved_ports.
func (p Ports) String() string {
	parts := make([]string, len(p))
	for i, r := range p {
		parts[i] = r.String()
	}
	return strings.Join(parts, ",")
}

// ParseRange reads the format of net.ipv4.ip_local_port_range: two ports with blanks between them.
func ParseRange(s string) (Range, error) {
	f := strings.Fields(s)
	if len(f) == 2 {
		low, lerr := strconv.ParseUint(f[0], 10, 16)
		high, herr := strconv.ParseUint(f[1], 10, 16)
		if lerr == nil && herr == nil && low <= high {
			return Range{int(low), int(high)}, nil
		}
	}
	return Range{}, fmt.Errorf("found %q, expected two ports such as \"32768 60999\"", s)
}

// Ephemeral reads where outgoing connections take their local port, and which ports they leave alone.
func Ephemeral(t probes.Target) (Range, Ports, error) {
	s, err := Read(t, LocalPortRange)
	if err != nil {
		return Range{}, nil, err
	}
	r, err := ParseRange(s)
	if err != nil {
		return Range{}, nil, fmt.Errorf("reading %s: %w", t.Path(File(LocalPortRange)), err)
	}
	s, err = Read(t, LocalReserved)
	if err != nil {
		return Range{}, nil, err
	}
	p, err := ParsePorts(s)
	if err != nil {
		return Range{}, nil, fmt.Errorf("reading %s: %w", t.Path(File(LocalReserved)), err)
	}
	return r, p, nil
}
