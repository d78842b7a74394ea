package netfilter

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// readTimeout bounds the kernel's answers where the context has no deadline: a list of 100,000 banned addresses takes a
// good part of a second.
const readTimeout = 5 * time.Second

// readTries is how often the rules are read anew because they changed meanwhile, as they do while a firewall loads.
const readTries = 5

// Message types of nf_tables: the subsystem in the high byte (linux/netfilter/nfnetlink.h).
const (
	nfTables   = unix.NFNL_SUBSYS_NFTABLES << 8
	getGen     = nfTables | unix.NFT_MSG_GETGEN
	getTable   = nfTables | unix.NFT_MSG_GETTABLE
	getChain   = nfTables | unix.NFT_MSG_GETCHAIN
	getRule    = nfTables | unix.NFT_MSG_GETRULE
	getSet     = nfTables | unix.NFT_MSG_GETSET
	getSetElem = nfTables | unix.NFT_MSG_GETSETELEM
)

// Read reads the rules of nftables, iptables-nft and iptables-legacy of this network namespace and changes none. path
// says where a file of /proc, /sys or /lib stands. Without root or CAP_NET_ADMIN the error is os.ErrPermission.
func Read(ctx context.Context, path func(abs string) string) (Ruleset, error) {
	var rs Ruleset
	if modulePossible(path) {
		var err error
		if rs, err = readNFTables(ctx); err != nil {
			return Ruleset{}, fmt.Errorf("reading the rules of nftables: %w", err)
		}
	}
	legacy, unread, err := readLegacy(ctx, path)
	if err != nil {
		return Ruleset{}, fmt.Errorf("reading the rules of iptables-legacy: %w", err)
	}
	rs.Tables, rs.Unread = append(rs.Tables, legacy...), unread
	return rs, nil
}

// modulePossible tells whether nf_tables is in the kernel. A question over netlink would load a module that is not,
// and a check changes nothing. Where it cannot be told, it is asked.
func modulePossible(path func(string) string) bool {
	if _, err := os.Stat(path("/sys/module/nf_tables")); err == nil {
		return true
	}
	loaded, err := os.ReadFile(path("/proc/modules"))
	if err != nil || strings.Contains("\n"+string(loaded), "\nnf_tables ") {
		return true
	}
	release, err := os.ReadFile(path("/proc/sys/kernel/osrelease"))
	if err != nil {
		return true
	}
	builtin, err := os.ReadFile(path("/lib/modules/" + strings.TrimSpace(string(release)) + "/modules.builtin"))
	return err != nil || strings.Contains(string(builtin), "/nf_tables.ko")
}

// kernel asks nf_tables.
type kernel struct{ conn *netlink.Conn }

func readNFTables(ctx context.Context) (Ruleset, error) {
	conn, err := netlink.Dial(unix.NETLINK_NETFILTER, nil)
	if errors.Is(err, unix.EPROTONOSUPPORT) {
		return Ruleset{}, nil // a kernel without netfilter
	}
	if err != nil {
		return Ruleset{}, err
	}
	defer func() { _ = conn.Close() }() // nothing was written that could be lost
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(readTimeout)
	}
	if err := conn.SetDeadline(deadline); err != nil {
		return Ruleset{}, err
	}
	k := kernel{conn}
	before, err := k.generation()
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EOPNOTSUPP) {
		return Ruleset{}, nil // netfilter without nf_tables
	}
	if err != nil {
		return Ruleset{}, err
	}
	for range readTries {
		rs, err := k.dump()
		if err != nil && !errors.Is(err, unix.EINTR) {
			return Ruleset{}, err
		}
		after, genErr := k.generation()
		if genErr != nil {
			return Ruleset{}, genErr
		}
		if err == nil && before == after {
			return rs, nil
		}
		before = after
	}
	return Ruleset{}, errors.New("they keep changing while they are read")
}

// generation is a number that changes with the rules.
func (k kernel) generation() (uint32, error) {
	ms, err := k.ask(getGen, netlink.Request, 0, nil)
	if err != nil || len(ms) == 0 {
		return 0, err
	}
	return be32(parseAttrs(ms[0].data)[1]), nil
}

// ask sends one question and returns the answers.
func (k kernel) ask(typ int, flags netlink.HeaderFlags, family byte, attributes []netlink.Attribute) ([]message, error) {
	body := []byte{family, unix.NFNETLINK_V0, 0, 0}
	if len(attributes) > 0 {
		b, err := netlink.MarshalAttributes(attributes)
		if err != nil {
			return nil, err
		}
		body = append(body, b...)
	}
	replies, err := k.conn.Execute(netlink.Message{Header: netlink.Header{Type: netlink.HeaderType(typ), Flags: flags}, Data: body})
	if err != nil {
		var op *netlink.OpError
		if errors.As(err, &op) {
			err = op.Err
		}
		if errors.Is(err, unix.EPERM) {
			err = os.ErrPermission
		}
		return nil, err
	}
	var out []message
	for _, r := range replies {
		if len(r.Data) >= 4 {
			out = append(out, message{family: r.Data[0], data: r.Data[4:]})
		}
	}
	return out, nil
}

// dump reads everything once.
func (k kernel) dump() (Ruleset, error) {
	d := newDecoder()
	for _, part := range []struct {
		typ  int
		take func(message)
	}{{getTable, d.table}, {getChain, d.chain}, {getSet, d.set}, {getRule, d.rule}} {
		ms, err := k.ask(part.typ, netlink.Request|netlink.Dump, unix.NFPROTO_UNSPEC, nil)
		if err != nil {
			return Ruleset{}, err
		}
		for _, m := range ms {
			part.take(m)
		}
	}
	for i := range d.rs.Tables {
		t := &d.rs.Tables[i]
		names := t.wanted()
		for j := range t.Sets {
			if s := &t.Sets[j]; slices.Contains(names, s.Name) {
				ms, err := k.ask(getSetElem, netlink.Request|netlink.Dump, familyNumber(t.Family), []netlink.Attribute{
					{Type: 1, Data: append([]byte(t.Name), 0)}, {Type: 2, Data: append([]byte(s.Name), 0)},
				})
				if err != nil {
					return Ruleset{}, err
				}
				d.elements(t, s, ms)
			}
		}
	}
	return d.finish(), nil
}

func familyNumber(name string) byte {
	for n, f := range families {
		if f == name {
			return n
		}
	}
	return 0
}
