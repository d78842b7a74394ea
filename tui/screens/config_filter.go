package screens

// visible are the numbers of the file's lines that the filter lets through.
func (c config) visible() []int {
	all := c.read.files[c.file].lines
	out := make([]int, 0, len(all))
	for i, line := range all {
		if c.only.passes(line) {
			out = append(out, i+1)
		}
	}
	return out
}

// filtered takes a filter, and goes to the first line from the cursor on that it lets through.
func (c config) filtered(f filter) Screen {
	c.only, c.top = f, 0
	if c.read == nil || f.text == "" {
		return c
	}
	lines := c.visible()
	for _, n := range lines {
		if n >= c.line {
			c.line, c.scroll = n, 0
			return c
		}
	}
	if len(lines) > 0 {
		c.line, c.scroll = lines[len(lines)-1], 0
	}
	return c
}

// uncovered lets go of a filter that hides the line of the cursor.
func (c config) uncovered() config {
	lines := c.read.files[c.file].lines
	if c.line > len(lines) || !c.only.passes(lines[c.line-1]) {
		c.only = filter{}
	}
	return c
}
