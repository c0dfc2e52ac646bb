package display

import (
	"html"
	"regexp"
	"strings"
)

var (
	invisible = regexp.MustCompile(`(?is)<(style|script)\b.*?</(style|script)>`)
	lineEnd   = regexp.MustCompile(`(?i)<(br|/p|/div|/tr|/h[1-6]|/li|/table)\b[^>]*>`)
	cellEnd   = regexp.MustCompile(`(?i)</t[dh]>`)
	tag       = regexp.MustCompile(`(?s)<[^>]*>`)
	blankRun  = regexp.MustCompile(`\n\s*\n+`)
)

// textOfHTML returns the words of an HTML text, for readers without a browser.
func textOfHTML(s string) string {
	s = invisible.ReplaceAllString(s, "")
	s = lineEnd.ReplaceAllString(s, "\n")
	s = cellEnd.ReplaceAllString(s, "  ")
	s = html.UnescapeString(tag.ReplaceAllString(s, ""))
	return strings.TrimSpace(blankRun.ReplaceAllString(s, "\n"))
}
