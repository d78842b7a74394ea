package haproxy

// Source returns the files as they were read, for a screen that shows them.
func (o Observation) Source() []File { return o.files }

// Problems returns what the rules hold against the configuration, with their places, in the order of the rules.
func (o Observation) Problems() []Problem {
	var out []Problem
	for _, r := range rules {
		out = append(out, r.judge(o.model).problems...)
	}
	return out
}
