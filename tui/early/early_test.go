package early

import "testing"

func TestIsDark(t *testing.T) {
	for colorfgbg, want := range map[string]bool{"": true, "15;0": true, "0;15": false, "0;default;15": false, "0;7": false, "12;8": true, "nonsense": true} {
		if got := isDark(colorfgbg); got != want {
			t.Errorf("COLORFGBG=%q: got %v", colorfgbg, got)
		}
	}
}
