package setup

import (
	"slices"
	"strconv"

	"example.com/wsdoctor/wizard"
	tea "github.com/charmbracelet/bubbletea"
)

// pressed takes a key, or what was pasted.
func (m model) pressed(k tea.KeyMsg) (tea.Model, tea.Cmd) {
	if k.Type == tea.KeyCtrlC {
		return m, tea.Quit
	}
	if m.busy || m.width == 0 {
		return m, nil
	}
	switch k.Type {
	case tea.KeyEnter:
		return m.enter()
	case tea.KeyEsc:
		m.busy = true
		return m, m.step(func(s *wizard.Session) error { _, err := s.Back(); return err })
	case tea.KeyCtrlX:
		m.busy = true
		return m, m.step(func(s *wizard.Session) error { _, err := s.Undo(); return err })
	}
	if m.q.choices != nil {
		return m.choose(k), nil
	}
	before := string(m.text)
	if m = m.edit(k); string(m.text) == before {
		return m, nil
	}
	m.touched, m.tried, m.again = true, false, ""
	m.turn++
	m.verdict = m.s.Judge(string(m.text))
	return m, m.lookSoon(lookAfter)
}

// enter takes the answer, or says why it cannot be taken.
func (m model) enter() (tea.Model, tea.Cmd) {
	m.verdict = m.s.Judge(m.answer())
	m.tried = true
	if !m.verdict.OK() {
		return m, nil
	}
	m.busy = true
	m.turn++
	return m, m.look(true)
}

// choose moves among the choices; the number of one picks it.
func (m model) choose(k tea.KeyMsg) model {
	last := len(m.q.choices) - 1
	switch name := k.String(); name {
	case "up", "k":
		m.pick = max(m.pick-1, 0)
	case "down", "j", "tab":
		m.pick = min(m.pick+1, last)
	case "home":
		m.pick = 0
	case "end":
		m.pick = last
	default:
		n, err := strconv.Atoi(name)
		if err == nil && !k.Paste && n >= 1 && n <= last+1 {
			m.pick = n - 1
			break
		}
		if k.Type == tea.KeyRunes { // what no choice is called by is told at once
			m.verdict, m.tried = m.s.Judge(string(k.Runes)), true
			if m.verdict.OK() {
				m.pick = max(slices.IndexFunc(m.q.choices, func(c wizard.Choice) bool { return c.Value == m.verdict.Answer }), 0)
			}
			return m
		}
		return m
	}
	m.verdict, m.tried = m.s.Judge(m.answer()), false
	return m
}

// maxTyped bounds what is kept of a paste, in characters: enough to tell that it is too much.
const maxTyped = 16 << 10

// edit changes the text.
func (m model) edit(k tea.KeyMsg) model {
	switch k.Type {
	case tea.KeyRunes, tea.KeySpace:
		if add := k.Runes[:min(len(k.Runes), max(maxTyped-len(m.text), 0))]; !k.Alt {
			m.text = slices.Insert(slices.Clone(m.text), m.at, add...)
			m.at += len(add)
		}
	case tea.KeyBackspace:
		if m.at > 0 {
			m.text = slices.Delete(slices.Clone(m.text), m.at-1, m.at)
			m.at--
		}
	case tea.KeyDelete:
		if m.at < len(m.text) {
			m.text = slices.Delete(slices.Clone(m.text), m.at, m.at+1)
		}
	case tea.KeyCtrlU:
		m.text, m.at = nil, 0
	case tea.KeyLeft:
		m.at = max(m.at-1, 0)
	case tea.KeyRight:
		m.at = min(m.at+1, len(m.text))
	case tea.KeyHome, tea.KeyCtrlA:
		m.at = 0
	case tea.KeyEnd, tea.KeyCtrlE:
		m.at = len(m.text)
	case tea.KeyTab: // the suggestion, to be changed
		if free := m.seen.Suggestion; free != "" && m.looked == m.verdict.Answer {
			m.text = []rune(free)
		} else if len(m.text) == 0 {
			m.text = []rune(m.q.suggestion)
		}
		m.at = len(m.text)
	}
	return m
}
