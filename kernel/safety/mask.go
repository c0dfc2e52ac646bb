package safety

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// Mask stands where a secret stood.
const Mask = "[secret]"

// MinSecret is the least length in bytes of what can be masked: to mask shorter
// text would hide ordinary words and tell by their gaps what it was.
const MinSecret = 4

// Masker replaces secrets by Mask. Its methods may be called from any goroutine;
// the zero value knows no secret.
type Masker struct {
	table atomic.Pointer[forms]

	mu    sync.Mutex
	known map[string]bool
}

// forms are the texts in which the secrets can appear, by their first byte, long
// ones first. A table is not changed once it is in use.
type forms [256][]string

// Add makes the masker know a secret, as it stands and as it is usually quoted
// and encoded. It tells whether the secret is long enough to be masked.
func (m *Masker) Add(secret string) bool {
	if len(strings.TrimSpace(secret)) < MinSecret {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known == nil {
		m.known = map[string]bool{}
	}
	for _, f := range formsOf(secret) {
		m.known[f] = true
	}
	table := &forms{}
	for f := range m.known {
		table[f[0]] = append(table[f[0]], f)
	}
	for _, list := range table {
		slices.SortFunc(list, func(a, b string) int { return len(b) - len(a) })
	}
	m.table.Store(table)
	return true
}

// Known is how many forms of secrets are masked; it grows with each new secret.
func (m *Masker) Known() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.known)
}

// formsOf lists the texts in which a secret can appear.
func formsOf(secret string) []string {
	plain := []string{secret}
	if trimmed := strings.TrimSpace(secret); trimmed != secret {
		plain = append(plain, trimmed)
	}
	if lines := strings.Split(secret, "\n"); len(lines) > 1 { // a key in a file may be shown indented
		for _, line := range lines {
			if line = strings.TrimSpace(line); len(line) >= 2*MinSecret {
				plain = append(plain, line)
			}
		}
	}
	var all []string
	for _, s := range plain {
		quoted := strconv.Quote(s)
		all = append(all, s, html.EscapeString(s), url.QueryEscape(s), url.PathEscape(s), quoted[1:len(quoted)-1])
		if encoded, err := json.Marshal(s); err == nil {
			all = append(all, string(encoded[1:len(encoded)-1]))
		}
	}
	return append(append(all, base64Of(secret)...), bytesOf(secret)...)
}

// bytesOf lists how Go prints the bytes of a secret.
func bytesOf(secret string) []string {
	list := fmt.Sprintf("%d", []byte(secret))
	syntax := fmt.Sprintf("%#v", []byte(secret))
	return []string{
		fmt.Sprintf("%x", secret), fmt.Sprintf("%X", secret), fmt.Sprintf("% x", secret), fmt.Sprintf("% X", secret),
		list[1 : len(list)-1], syntax[len("[]byte{") : len(syntax)-1],
	}
}

// base64Of lists the middle parts, which do not depend on what stands around, of
// a secret that is encoded together with other text ("user:password").
func base64Of(secret string) []string {
	var all []string
	for shift := range 3 {
		padded := append(make([]byte, shift), secret...)
		skip := (shift*8 + 5) / 6 // characters that mix with what stands before
		encoded := base64.RawStdEncoding.EncodeToString(padded)
		if whole := len(padded) / 3 * 4; whole-skip >= 2*MinSecret {
			part := encoded[skip:whole]
			all = append(all, part, strings.NewReplacer("+", "-", "/", "_").Replace(part))
		}
	}
	return all
}

// Text returns s with each secret in it replaced.
func (m *Masker) Text(s string) string {
	table := m.table.Load()
	if table == nil {
		return s
	}
	masked, _ := table.mask(s, len(s), 0)
	return masked
}

// Excerpt returns s masked, where at each cut something was left out: what could be
// the beginning of a secret before a cut is left out as well.
func (m *Masker) Excerpt(s, cut string) string {
	table := m.table.Load()
	if table == nil || !strings.Contains(s, cut) {
		return m.Text(s)
	}
	pieces := strings.Split(s, cut)
	for i, piece := range pieces[:len(pieces)-1] {
		var stream Stream
		pieces[i] = stream.Next(m, piece)
	}
	last := len(pieces) - 1
	pieces[last] = m.Text(pieces[last])
	return strings.Join(pieces, cut)
}

// mask replaces the secrets that begin in s[:end], where s[:covered] is part of one
// that stands masked already. It returns what s[:end] becomes and up to where in s
// the last secret goes. Secrets that overlap become one Mask.
func (f *forms) mask(s string, end, covered int) (masked string, upTo int) {
	var b strings.Builder
	for i := range end {
		n := f.match(s[i:])
		if n == 0 || i+n <= covered {
			continue
		}
		if i >= covered {
			b.WriteString(s[covered:i])
			b.WriteString(Mask)
		}
		covered = i + n
	}
	if covered == 0 {
		return s[:end], 0
	}
	if covered < end {
		b.WriteString(s[covered:end])
	}
	return b.String(), covered
}

// match returns the length of the longest secret at the beginning of s.
func (f *forms) match(s string) int {
	for _, form := range f[s[0]] {
		if strings.HasPrefix(s, form) {
			return len(form)
		}
	}
	return 0
}

// begun returns where the last part of s begins that could be the beginning of a
// secret; len(s) where there is none.
func (f *forms) begun(s string) int {
	longest := 0
	for _, list := range f {
		if len(list) > 0 {
			longest = max(longest, len(list[0])) // long ones first
		}
	}
	for i := max(0, len(s)-longest+1); i < len(s); i++ {
		for _, form := range f[s[i]] {
			if len(form) > len(s)-i && strings.HasPrefix(form, s[i:]) {
				return i
			}
		}
	}
	return len(s)
}

// Stream masks one stream of text that comes in pieces. The zero value is ready.
type Stream struct {
	held    string
	covered int // bytes of held that belong to a secret which stands masked already
}

// Next returns what can be shown of the stream after one more piece; the end of
// the text is held back while it could be the beginning of a secret.
func (s *Stream) Next(m *Masker, text string) string {
	table := m.table.Load()
	if table == nil {
		return text
	}
	text = s.held + text
	end := table.begun(text)
	masked, upTo := table.mask(text, end, s.covered)
	s.held, s.covered = text[end:], max(0, upTo-end)
	return masked
}

// End returns what is held back. If it is half of a secret or more it is masked.
func (s *Stream) End(m *Masker) string {
	text := s.held[s.covered:]
	s.held, s.covered = "", 0
	table := m.table.Load()
	if table == nil || text == "" {
		return text
	}
	for _, form := range table[text[0]] {
		if strings.HasPrefix(form, text) && len(text) >= MinSecret && 2*len(text) >= len(form) {
			return Mask
		}
	}
	return m.Text(text)
}
