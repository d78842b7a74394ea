package netfilter

// Verdict is what becomes of a packet. The zero value is Unknown, so that nothing forgotten reads as open.
type Verdict string

// The verdicts.
const (
	Unknown Verdict = ""       // it hangs on something that cannot be judged
	Accept  Verdict = "accept" // it reaches the socket, or the host that NAT sends it to
	Drop    Verdict = "drop"   // it vanishes: the other side sees a timeout
	Reject  Verdict = "reject" // the other side is told: connection refused, or unreachable
)

func (v Verdict) String() string {
	if v == Unknown {
		return "unknown"
	}
	return string(v)
}

// MarshalText writes the word.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads what MarshalText wrote; any other word is Unknown.
func (v *Verdict) UnmarshalText(b []byte) error {
	switch w := Verdict(b); w {
	case Accept, Drop, Reject:
		*v = w
	default:
		*v = Unknown
	}
	return nil
}

// Decision is the rule, or the policy, that gave a verdict.
type Decision struct {
	Verdict Verdict `json:"verdict"`
	Stack   Stack   `json:"stack,omitempty"`
	Family  string  `json:"family,omitempty"`
	Table   string  `json:"table,omitempty"`
	Chain   string  `json:"chain,omitempty"`
	Base    string  `json:"base,omitempty"` // the chain of the hook from which the walk came to Chain
	Hook    string  `json:"hook,omitempty"`
	Handle  uint64  `json:"handle,omitempty"` // of nftables; the rule's position from 1 in iptables-legacy
	Policy  bool    `json:"policy,omitempty"` // no rule decided: the chain's policy did
	Rule    string  `json:"rule,omitempty"`   // the text
	Comment string  `json:"comment,omitempty"`
}

// IsZero tells whether nothing decided: no chain looks at such packets.
func (d Decision) IsZero() bool { return d.Table == "" }

// Result is what becomes of one packet, and why.
type Result struct {
	Verdict Verdict
	By      Decision  // the zero Decision: nothing filters
	Why     []string  // of Unknown: what could not be judged
	Assumed []string  // what was taken for granted: limits not reached, the reverse path passes
	NAT     *Decision // the rule that sent the packet elsewhere; nil: none
	To      string    // where NAT sent it, address and port
	Forward bool      // NAT sent it to another host or a container: input chains never see it
}
