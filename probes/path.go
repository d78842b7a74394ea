package probes

// Path is the way of a client's connection as it was found to be: the balancer, as clients ask it, and each node, asked
// directly. The diagnosis fills it in. The zero value: nobody looked.
type Path struct {
	Balancer *Hop // nil: the settings name none
	Nodes    []Hop
}

// Hop is one part of a Path.
type Hop struct {
	Name   string
	Kind   string // what it is, such as "nginx"; "" where that is not known
	URL    string // that was asked
	Status Status // OK: it answers the upgrade; Failed: it does not
	Says   Text   // how it answered
}
