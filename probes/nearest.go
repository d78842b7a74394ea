package probes

import "strings"

// maxTypo is how many single-letter changes still count as a typing error: two catches a swapped pair of letters.
const maxTypo = 2

// Nearest returns the one of known that word was most likely meant to be: the same letters in another case, or with at
// most two of them wrong. Of several equally near, the first in known; ok is false where none is near.
func Nearest(word string, known []string) (nearest string, ok bool) {
	folded := strings.ToLower(word)
	best := maxTypo + 1
	for _, k := range known {
		if d := distance(folded, strings.ToLower(k), best); d < best {
			nearest, best = k, d
		}
	}
	return nearest, best <= maxTypo
}

// distance is the Levenshtein distance of a and b in characters, or some value of at least limit once it cannot be
// less.
func distance(a, b string, limit int) int {
	x, y := []rune(a), []rune(b)
	if d := len(x) - len(y); d >= limit || -d >= limit {
		return limit
	}
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i, c := range x {
		diagonal := row[0]
		row[0] = i + 1
		for j, d := range y {
			change := diagonal
			if c != d {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(y)]
}
