package netfilter

import "fmt"

func (m *machine) nat(a attributes) {
	if be32(a[1]) == 0 { // NFT_NAT_SNAT
		m.add(Step{Do: DoAccept, Text: "snat"})
		return
	}
	st := Step{Do: DNAT}
	if reg := a[3]; reg != nil {
		n := 4
		if be32(a[2]) == nfprotoIPv6 {
			n = 16
		}
		v := m.get(reg, n)
		st.ToAddr = &v
	}
	if reg := a[5]; reg != nil {
		v := m.get(reg, 2)
		st.ToPort = &v
	}
	if max := a[4]; len(max) > 0 && string(max) != string(a[3]) || len(a[6]) > 0 && string(a[6]) != string(a[5]) {
		st = Step{Do: Opaque, Why: "dnat to one of several places"}
	}
	m.add(st)
}

func (m *machine) redir(a attributes) {
	st := Step{Do: Redirect}
	if reg := a[1]; reg != nil {
		v := m.get(reg, 2)
		st.ToPort = &v
	}
	m.add(st)
}

// icmpxNames are the codes of nft_reject_inet_code.
var icmpxNames = []string{"no-route", "port-unreachable", "host-unreachable", "admin-prohibited"}

func (m *machine) reject(a attributes) {
	st := Step{Do: DoReject, Text: "reject"}
	switch typ := be32(a[1]); {
	case typ == 1:
		st.Text = "reject with tcp reset"
	case typ == 2 && len(a[2]) == 1 && int(a[2][0]) < len(icmpxNames):
		st.Text = "reject with icmpx " + icmpxNames[a[2][0]]
	}
	m.add(st)
}

// limitUnits are the seconds of NFTA_LIMIT_UNIT.
var limitUnits = map[uint64]string{1: "second", 60: "minute", 3600: "hour", 86400: "day", 604800: "week"}

func (m *machine) limit(a attributes) {
	over := be32(a[5])&1 != 0
	unit := limitUnits[be64(a[2])]
	if unit == "" {
		unit = fmt.Sprintf("%d s", be64(a[2]))
	}
	text := fmt.Sprintf("limit rate %d/%s", be64(a[1]), unit)
	if over {
		text = fmt.Sprintf("limit rate over %d/%s", be64(a[1]), unit)
	}
	m.add(limited(text, !over))
}

// limited is the step of a limit that is taken as not reached.
func limited(text string, holds bool) Step {
	return Step{Do: Assume, Holds: holds, Why: "below the limit of: " + text, Text: text}
}

func (m *machine) connlimit(a attributes) {
	over := be32(a[2])&1 != 0
	text := fmt.Sprintf("ct count %d", be32(a[1]))
	if over {
		text = fmt.Sprintf("ct count over %d", be32(a[1]))
	}
	m.add(limited(text, !over))
}

// quota is judged by what it has counted so far.
func (m *machine) quota(a attributes) {
	over, limit, used := be32(a[2])&1 != 0, be64(a[1]), be64(a[4])
	text := fmt.Sprintf("quota %d bytes used %d bytes", limit, used)
	if over {
		text = fmt.Sprintf("quota over %d bytes used %d bytes", limit, used)
	}
	m.add(Step{Do: Assume, Holds: (used >= limit) == over, Why: "no more is sent: " + text, Text: text})
}

// dynset adds the packet to a set. A limit that hangs on the element decides whether the rule goes on.
func (m *machine) dynset(a attributes) {
	name := "@" + cstring(a[1])
	exprs := [][]byte{}
	if e := a[7]; e != nil {
		exprs = append(exprs, e)
	}
	for _, e := range attrs(a[10]) {
		exprs = append(exprs, e)
	}
	before := len(m.steps)
	for _, e := range exprs {
		f := parseAttrs(e)
		data := parseAttrs(f[nftaExprData])
		switch n := cstring(f[nftaExprName]); n {
		case "limit":
			m.limit(data)
		case "connlimit":
			m.connlimit(data)
		case "quota":
			m.quota(data)
		case "counter", "last":
		default:
			m.add(Step{Do: Undecided, Why: "a set with " + n})
		}
	}
	for i := range m.steps[before:] {
		st := &m.steps[before+i]
		st.Text = "add " + name + " { " + st.Text + " }"
	}
	if before == len(m.steps) {
		m.add(Step{Do: Pass, Text: "add " + name})
	}
}

// Types of stateful objects (NFT_OBJECT_*).
const (
	objQuota, objLimit, objConnlimit, objSynproxy = 2, 4, 5, 10
)

func (m *machine) objref(a attributes) {
	typ := a[1]
	name := cstring(a[2])
	switch {
	case typ == nil: // by a map, which may hold any of them
		m.add(Step{Do: Opaque, Why: "a stateful object out of a map"})
	case be32(typ) == objLimit || be32(typ) == objConnlimit || be32(typ) == objQuota:
		m.add(Step{Do: Undecided, Why: "the named limit " + name + " is not read", Text: "limit name " + name})
	case be32(typ) == objSynproxy:
		m.add(Step{Do: Opaque, Why: "synproxy answers for the server"})
	default: // counters, helpers, timeouts: the packet goes the same way
		m.add(Step{Do: Pass})
	}
}
