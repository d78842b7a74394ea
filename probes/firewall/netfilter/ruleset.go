package netfilter

// Stack says which interface of the kernel holds a table.
type Stack string

// The stacks. A table of nftables whose rules iptables-nft wrote counts as IptablesNFT.
const (
	NFTables       Stack = "nftables"
	IptablesNFT    Stack = "iptables-nft"
	IptablesLegacy Stack = "iptables-legacy"
)

// Families of tables, as nft spells them. An inet table sees IPv4 and IPv6.
const (
	FamilyIP     = "ip"
	FamilyIP6    = "ip6"
	FamilyInet   = "inet"
	FamilyBridge = "bridge"
	FamilyNetdev = "netdev"
)

// Ruleset is everything that may stop a packet: plain data, made by Read, by ParseSave or by hand.
type Ruleset struct {
	Tables []Table  `json:"tables"`
	Unread []string `json:"unread,omitempty"` // what stands beside Tables and could not be read: nothing is then Accept
}

// Table is one table of one stack.
type Table struct {
	Stack   Stack   `json:"stack"`
	Family  string  `json:"family"`
	Name    string  `json:"name"`
	Handle  uint64  `json:"handle,omitempty"`  // rises with the time of creation
	Dormant bool    `json:"dormant,omitempty"` // its base chains are not hooked in
	Chains  []Chain `json:"chains,omitempty"`
	Sets    []Set   `json:"sets,omitempty"` // maps too
}

// Chain is a list of rules; with a Hook, packets come to it from the kernel, else from a jump.
type Chain struct {
	Name     string   `json:"name"`
	Handle   uint64   `json:"handle,omitempty"`
	Hook     string   `json:"hook,omitempty"` // ingress, prerouting, input, forward, …
	Type     string   `json:"type,omitempty"` // filter, nat, route
	Priority int      `json:"priority,omitempty"`
	Policy   Verdict  `json:"policy,omitempty"`  // of a base chain: Accept or Drop
	Devices  []string `json:"devices,omitempty"` // of an ingress chain
	Rules    []Rule   `json:"rules,omitempty"`
}

// Rule is a list of steps, which the kernel takes one after the other until one does not match or ends the rule.
type Rule struct {
	Handle  uint64 `json:"handle,omitempty"` // of nftables; the position from 1 in a legacy chain
	Line    string `json:"line,omitempty"`   // the rule as its tool prints it, where it was read as text
	Comment string `json:"comment,omitempty"`
	Steps   []Step `json:"steps,omitempty"`
}

// Do says what a Step does.
type Do string

// The kinds of step.
const (
	Match     Do = "match"      // go on if Left stands in Ranges or Set
	Assume    Do = "assume"     // a limit: go on if Holds; Why says what was assumed
	Undecided Do = "undecided"  // a condition that cannot be judged; Why says which
	Opaque    Do = "opaque"     // may do anything to the packet; Why says what it is
	Pass      Do = "pass"       // has no effect on the way of the packet: a counter, a log line
	VerdictOf Do = "verdict-of" // the verdict that the map Set holds for Left
	Jump      Do = "jump"       // walk Chain, then come back
	Goto      Do = "goto"       // walk Chain, then leave this chain
	Return    Do = "return"
	DoAccept  Do = "accept"
	DoDrop    Do = "drop"
	DoReject  Do = "reject"
	SetMark   Do = "set-mark"    // the packet's mark becomes Value
	SetCTMark Do = "set-ct-mark" // the connection's mark becomes Value
	NoTrack   Do = "no-track"    // connection tracking leaves the packet alone
	DNAT      Do = "dnat"        // the packet goes to ToAddr, ToPort instead
	Redirect  Do = "redirect"    // the packet goes to this host itself, to ToPort
)

// Step is one thing that a rule does.
type Step struct {
	Do     Do      `json:"do"`
	Left   []Value `json:"left,omitempty"` // several: a concatenation
	Op     string  `json:"op,omitempty"`   // "" and "==": in; "!=": not in; "<" and the like only for the reader
	Ranges []Range `json:"ranges,omitempty"`
	Set    string  `json:"set,omitempty"` // the name of a set or map of the same table, instead of Ranges
	Holds  bool    `json:"holds,omitempty"`
	Chain  string  `json:"chain,omitempty"`
	Value  *Value  `json:"value,omitempty"`
	ToAddr *Value  `json:"to_addr,omitempty"`
	ToPort *Value  `json:"to_port,omitempty"`
	Why    string  `json:"why,omitempty"`  // of Assume, Undecided, Opaque
	Text   string  `json:"text,omitempty"` // as the tool spells it; "": render makes it from the rest
}

// Range is an interval of register contents, both ends included. Fields of a concatenation stand padded to 4 bytes.
type Range struct {
	From []byte `json:"from"`
	To   []byte `json:"to"`
}

// Set is a set, a map or a verdict map.
type Set struct {
	Name      string    `json:"name"`
	Anonymous bool      `json:"anonymous,omitempty"`
	Fields    []int     `json:"fields,omitempty"` // bytes of each field of a concatenation, without padding
	Elements  []Element `json:"elements,omitempty"`
	Unread    string    `json:"unread,omitempty"` // why the elements are not known
}

// Element is an entry of a Set.
type Element struct {
	Range
	CatchAll bool   `json:"catch_all,omitempty"` // matches what nothing else does
	Data     []byte `json:"data,omitempty"`      // of a map
	Then     *Step  `json:"then,omitempty"`      // of a verdict map
	Doubt    string `json:"doubt,omitempty"`     // the element matches only sometimes: it has a limit of its own
}

// Source says what a Value reads.
type Source string

// The sources of values, after the expressions of nf_tables.
const (
	Payload  Source = "payload" // Name is ll, nh or th
	Meta     Source = "meta"
	CT       Source = "ct"
	FIB      Source = "fib" // Name is such as "daddr type"
	Const    Source = "const"
	MapOf    Source = "map"
	NotKnown Source = "unknown"
)

// Value is what a register of nf_tables holds: something of the packet, a constant, or what a map makes of it.
// Multi-byte contents are in the order in which the kernel keeps them: network order for headers and ports, the
// machine's own for marks, interface indexes and states, until Swap.
type Value struct {
	From   Source  `json:"from"`
	Name   string  `json:"name,omitempty"`
	Offset int     `json:"offset,omitempty"` // bytes
	Len    int     `json:"len,omitempty"`    // bytes
	Data   []byte  `json:"data,omitempty"`   // of Const
	Key    []Value `json:"key,omitempty"`    // of MapOf
	Set    string  `json:"set,omitempty"`
	Mask   []byte  `json:"mask,omitempty"` // contents & Mask ^ Xor
	Xor    []byte  `json:"xor,omitempty"`
	Swap   bool    `json:"swap,omitempty"` // from the machine's order to network order, or back
}

// find returns the set of a name; nil if there is none.
func (t *Table) find(set string) *Set {
	for i := range t.Sets {
		if t.Sets[i].Name == set {
			return &t.Sets[i]
		}
	}
	return nil
}

func (t *Table) chain(name string) *Chain {
	for i := range t.Chains {
		if t.Chains[i].Name == name {
			return &t.Chains[i]
		}
	}
	return nil
}
