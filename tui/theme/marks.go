package theme

// Marks are the signs that a screen is drawn with, each as wide as the field it stands in.
type Marks struct {
	OK, Warned, Failed, Unknown, Skipped string // of a check, all equally wide
	Pending, Info                        string // as wide as those
	Spin                                 []string

	Cursor            string // before the selected line, one cell
	Bar               string // before each line that can be pasted, one cell
	Across            string // one cell of a horizontal rule
	Down, Tee         string // a vertical rule, and where it meets the horizontal one
	Ellipsis          string
	Dot               string    // between words of one line
	Leads             string    // from a cause to what it says
	TabLeft, TabRight string    // around the name of the screen that is shown
	More              string    // beside a pane's title: there is more to scroll
	UpDown            string    // names the two arrow keys
	LeftRight         string    // names the two others
	Enter             string    // names the enter key
	Caret             string    // where typed text goes
	Box               [5]string // corners of a box (above left and right, below left and right), and a branch to the right
	Head, Point       string    // of an arrow to the right and down, one cell
	Cross             string    // on a way that leads nowhere, one cell
	joints            []rune    // by the sum of the sides that meet: 1 above, 2 below, 4 left, 8 right
}

// The sides that can meet in a Joint.
const (
	Above = 1 << iota
	Below
	LeftOf
	RightOf
)

// Joint is the cell in which lines of some sides meet.
func (m Marks) Joint(sides int) string { return string(m.joints[sides]) }

var unicodeMarks = Marks{
	OK: "✓", Warned: "!", Failed: "✗", Unknown: "?", Skipped: "–", Pending: "·", Info: "i",
	Spin:   []string{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"},
	Cursor: "▌", Bar: "│", Across: "─", Down: "│", Tee: "┬", Ellipsis: "…", Dot: "·", Leads: "→",
	TabLeft: " ", TabRight: " ", More: "↕", UpDown: "↑↓", LeftRight: "←→", Enter: "⏎", Caret: "▏",
	Box: [5]string{"┌", "┐", "└", "┘", "├"}, Head: "▶", Point: "▼", Cross: "✗",
	joints: []rune(" ╵╷│╴┘┐┤╶└┌├─┴┬┼"),
}

var asciiMarks = Marks{
	OK: "ok", Warned: "! ", Failed: "x ", Unknown: "? ", Skipped: "- ", Pending: ". ", Info: "i ",
	Spin:   []string{"| ", "/ ", "- ", "\\ "},
	Cursor: ">", Bar: "|", Across: "-", Down: "|", Tee: "+", Ellipsis: "...", Dot: "-", Leads: "->",
	TabLeft: "[", TabRight: "]", More: "(more)", UpDown: "up/down", LeftRight: "left/right", Enter: "enter", Caret: "_",
	Box: [5]string{"+", "+", "+", "+", "+"}, Head: ">", Point: "v", Cross: "x",
	joints: []rune(" |||-+++-+++-+++"),
}
