package haproxy

// truth is the value of a condition that may not be decidable from the file. The zero truth is maybe, so that nothing
// forgotten counts as decided.
type truth int

const (
	maybe truth = iota
	yes
	no
)

func known(b bool) truth {
	if b {
		return yes
	}
	return no
}

func (t truth) not() truth {
	switch t {
	case yes:
		return no
	case no:
		return yes
	}
	return maybe
}

func (t truth) and(u truth) truth {
	switch {
	case t == no || u == no:
		return no
	case t == yes && u == yes:
		return yes
	}
	return maybe
}

func (t truth) or(u truth) truth { return t.not().and(u.not()).not() }
