// Package netfilter answers what the kernel's packet filter of this host does with a new inbound TCP connection:
// it reads the rules of nftables, iptables-nft and iptables-legacy into one plain form (Ruleset) and walks them as the
// kernel would (Evaluate). A rule that it does not understand makes the answer Unknown, never Accept.
//
// It does not look at what filters elsewhere: tc and XDP programs, ebtables-legacy, eBPF netfilter programs, cgroup
// programs, TCP wrappers, SELinux, or anything outside this host. It does not follow ipsets of xtables, user-space queues,
// the time of day or chance: rules that hang on those are undecided. It judges the first packet (SYN) of a connection and
// takes rate limits as not yet reached, which Result.Assumed says.
package netfilter
