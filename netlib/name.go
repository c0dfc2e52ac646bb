package netlib

import (
	"fmt"
	"strconv"
	"strings"
)

// maxName is the longest name of an object, that of a DNS label (RFC 1035).
const maxName = 63

// nameProblem says what is wrong with a name and what to write; both are empty
// where nothing is.
func nameProblem(name string) (detail, fix string) {
	const form = "use 1 to 63 lower case letters, digits and hyphens, with a letter or digit at both ends"
	trimmed := strings.TrimSpace(name)
	switch {
	case trimmed == "":
		return "the name is missing", form
	case trimmed != name:
		return fmt.Sprintf("name %q has white space around it", name), fmt.Sprintf("write %q", strings.ToLower(trimmed))
	case len(name) > maxName:
		if size := len(name); size > 2*maxName {
			return fmt.Sprintf("name \"%s...\" has %d bytes", strings.Trim(strconv.Quote(name[:maxName]), `"`), size), "use at most 63"
		}
		return fmt.Sprintf("name %q has %d bytes", name, len(name)), "use at most 63"
	case strings.ToLower(name) != name:
		return fmt.Sprintf("name %q has upper case letters", name), fmt.Sprintf("write %q", strings.ToLower(name))
	}
	for _, r := range name {
		if !nameRune(r) {
			return fmt.Sprintf("name %q holds %q", name, r), form
		}
	}
	if name[0] == '-' || name[len(name)-1] == '-' {
		return fmt.Sprintf("name %q begins or ends with a hyphen", name), form
	}
	return "", ""
}

// Nearest returns the candidate that name was most likely meant to be: equal but
// for case and white space, or else few letters away. It is empty where none is.
func Nearest(name string, candidates func(yield func(string) bool)) string {
	name = strings.ToLower(strings.TrimSpace(name))
	best, limit := "", min(max(2, len(name)/3)+1, len(name))
	for c := range candidates {
		if d := distance(name, c, limit); d < limit {
			best, limit = c, d
		}
	}
	return best
}

// distance is how many letters must be changed, added, removed or swapped with
// their neighbour to turn a into b, or limit where it would be that or more.
func distance(a, b string, limit int) int {
	if d := len(a) - len(b); d >= limit || -d >= limit {
		return limit
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			d := min(rows[i-1][j-1]+change, rows[i-1][j]+1, rows[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return min(rows[len(a)][len(b)], limit)
}
