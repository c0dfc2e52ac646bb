package kernel

import (
	"regexp"
	"strings"
)

// globber compiles a pattern in which * stands for any text and ? for one
// character, as history searches use it.
func globber(pattern string) (match func(string) bool, err error) {
	expr := regexp.QuoteMeta(pattern)
	expr = strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(expr)
	re, err := regexp.Compile(`(?s)\A` + expr + `\z`)
	if err != nil {
		return nil, err
	}
	return re.MatchString, nil
}
