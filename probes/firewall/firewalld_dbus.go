package firewall

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

// firewalldTimeout bounds all questions to firewalld, a Python program that answers each within a few milliseconds but
// not while it reloads its rules.
const firewalldTimeout = 2 * time.Second

// Names on the bus (firewalld.dbus(5)).
const (
	busName       = "org.fedoraproject.FirewallD1"
	busPath       = "/org/fedoraproject/FirewallD1"
	busConfigPath = busPath + "/config"
	ifaceZone     = busName + ".zone"
	ifaceConfig   = busName + ".config"
)

// readFirewalld asks firewalld for its zones; nil where it does not run. It never starts it. What it does not answer
// stands in Unread.
func readFirewalld(ctx context.Context, path func(string) string) *Firewalld {
	socket := path("/run/dbus/system_bus_socket")
	if _, err := os.Stat(socket); err != nil {
		return nil // no system bus, no firewalld
	}
	ctx, cancel := context.WithTimeout(ctx, firewalldTimeout)
	defer cancel()
	conn, err := dbus.Connect("unix:path="+socket, dbus.WithContext(ctx))
	if err != nil {
		return nil // a bus that does not let us in says nothing of firewalld
	}
	defer func() { _ = conn.Close() }() // nothing was written that could be lost
	var running bool
	err = conn.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.NameHasOwner", 0, busName).Store(&running)
	if err != nil || !running {
		return nil
	}
	b := bus{ctx: ctx, conn: conn, main: conn.Object(busName, busPath), config: conn.Object(busName, busConfigPath)}
	f, err := b.read()
	if err != nil {
		f.Unread = fmt.Sprintf("asking firewalld: %v", err)
	}
	return f
}

// bus asks firewalld.
type bus struct {
	ctx          context.Context
	conn         *dbus.Conn
	main, config dbus.BusObject
}

func (b bus) ask(o dbus.BusObject, method string, into any, args ...any) error {
	err := o.CallWithContext(b.ctx, method, dbus.FlagNoAutoStart, args...).Store(into)
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	return nil
}

func (b bus) read() (*Firewalld, error) {
	f := &Firewalld{Zones: []Zone{}}
	if err := b.ask(b.main, busName+".getDefaultZone", &f.DefaultZone); err != nil {
		return f, err
	}
	active := map[string]map[string][]string{}
	if err := b.ask(b.main, ifaceZone+".getActiveZones", &active); err != nil {
		return f, err
	}
	if _, ok := active[f.DefaultZone]; !ok {
		active[f.DefaultZone] = nil
	}
	var errs []error
	for name, bound := range active {
		z := Zone{Name: name, Interfaces: bound["interfaces"], Sources: bound["sources"]}
		var err error
		if z.Runtime, err = b.runtime(name); err != nil {
			errs = append(errs, err)
		}
		if z.Permanent, err = b.permanent(name); err != nil {
			errs = append(errs, err)
		}
		if z.Runtime.Target == "" {
			z.Runtime.Target = z.Permanent.Target
		}
		f.Zones = append(f.Zones, z)
	}
	slices.SortFunc(f.Zones, func(a, b Zone) int { return strings.Compare(a.Name, b.Name) })
	return f, errors.Join(errs...)
}

// runtime reads the rules of a zone that hold now.
func (b bus) runtime(zone string) (r ZoneRules, err error) {
	var ports [][]string
	var services []string
	err = errors.Join(
		b.ask(b.main, ifaceZone+".getPorts", &ports, zone),
		b.ask(b.main, ifaceZone+".getServices", &services, zone),
		b.ask(b.main, ifaceZone+".getRichRules", &r.RichRules, zone),
	)
	for _, p := range ports {
		if len(p) == 2 {
			r.Ports = append(r.Ports, p[0]+"/"+p[1])
		}
	}
	for _, name := range services {
		settings := map[string]dbus.Variant{}
		if e := b.ask(b.main, busName+".getServiceSettings2", &settings, name); e != nil {
			err = errors.Join(err, e)
			continue
		}
		var list []portSpec
		if v, ok := settings["ports"]; ok {
			if e := v.Store(&list); e != nil {
				err = errors.Join(err, fmt.Errorf("the ports of the service %s: %w", name, e))
			}
		}
		r.Services = append(r.Services, Service{Name: name, Ports: specs(list)})
	}
	return r, err
}

// portSpec is the (ss) of firewalld: a port or a range, and the protocol.
type portSpec struct{ Port, Protocol string }

func specs(list []portSpec) []string {
	var out []string
	for _, p := range list {
		out = append(out, p.Port+"/"+p.Protocol)
	}
	return out
}

// permanent reads the rules of a zone that hold after a reload.
func (b bus) permanent(zone string) (r ZoneRules, err error) {
	var at dbus.ObjectPath
	if err := b.ask(b.config, ifaceConfig+".getZoneByName", &at, zone); err != nil {
		return r, err
	}
	o := b.conn.Object(busName, at)
	var ports []portSpec
	var services []string
	err = errors.Join(
		b.ask(o, ifaceConfig+".zone.getTarget", &r.Target),
		b.ask(o, ifaceConfig+".zone.getPorts", &ports),
		b.ask(o, ifaceConfig+".zone.getServices", &services),
		b.ask(o, ifaceConfig+".zone.getRichRules", &r.RichRules),
	)
	r.Ports = specs(ports)
	for _, name := range services {
		var at dbus.ObjectPath
		var list []portSpec
		e := b.ask(b.config, ifaceConfig+".getServiceByName", &at, name)
		if e == nil {
			e = b.ask(b.conn.Object(busName, at), ifaceConfig+".service.getPorts", &list)
		}
		err = errors.Join(err, e)
		r.Services = append(r.Services, Service{Name: name, Ports: specs(list)})
	}
	return r, err
}
