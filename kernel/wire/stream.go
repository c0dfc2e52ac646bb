package wire

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"unicode/utf8"
	"unsafe"
)

// Stream is the content of a stream message. It is most of what a kernel sends,
// so Marshal encodes it by a way of its own, several times as fast as
// encoding/json.
type Stream struct {
	Name string `json:"name"` // "stdout" or "stderr"
	Text string `json:"text"`
}

func (s Stream) encode() json.RawMessage {
	escaped := strings.Count(s.Text, "\n") + len(s.Text)/16 // about
	b := make([]byte, 0, len(s.Text)+escaped+64)
	b = append(b, `{"name":`...)
	b = appendString(b, s.Name)
	b = append(b, `,"text":`...)
	b = appendString(b, s.Text)
	return append(b, '}')
}

// word is how many bytes appendString looks at together. No byte of text becomes
// more than that.
const word = 8

// slack is room behind the bytes that count, into which whole words are written.
const slack = word * (word + 1)

// appendString appends s as a JSON string (RFC 8259, section 7). What is no UTF-8
// becomes the replacement character, as in encoding/json.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	n := len(b) // bytes of b that count
	b = b[:cap(b)]
	for i := 0; i < len(s); {
		for len(s)-i >= word && len(b)-n >= slack {
			w := binary.LittleEndian.Uint64(unsafe.Slice(unsafe.StringData(s[i:]), word))
			binary.LittleEndian.PutUint64(b[n:], w)
			found := special(w)
			if found == 0 {
				n, i = n+word, i+word
				continue
			}
			if w&highs != 0 {
				break
			}
			n += putASCII(b[n:n+slack], w, found)
			i += word
		}
		if len(b)-n < slack {
			b = slices.Grow(b[:n], len(s)-i+len(s)/8+slack)
		}
		var size int
		b, size = appendRunes(b[:n], s[i:])
		n, i, b = len(b), i+size, b[:cap(b)]
	}
	return append(b[:n], '"')
}

// Numbers in each byte of a word.
const ones, highs = 0x0101010101010101, 0x8080808080808080

// special has the highest bit set of each byte of w that does not stand for itself in
// a JSON string. Where not all bytes are ASCII it only tells that there are others.
func special(w uint64) uint64 {
	quote, backslash := w^'"'*ones, w^'\\'*ones
	return (w | ^((w + (0x80-' ')*ones) & (quote + 0x7f*ones) & (backslash + 0x7f*ones))) & highs
}

// putASCII writes what the characters of w, the lowest byte first, become in a JSON
// string, and tells how many bytes that are. w is there already; found is special(w).
func putASCII(b []byte, w, found uint64) int {
	if found&(found-1) != 0 { // several
		n := 0
		for range word {
			c := &ascii[w%utf8.RuneSelf]
			binary.LittleEndian.PutUint64(b[n:], c.text)
			n, w = n+c.size, w>>8
		}
		return n
	}
	bit := bits.TrailingZeros64(found) + 1
	c := &ascii[w>>(bit-8)%utf8.RuneSelf]
	n := bit/8 - 1
	binary.LittleEndian.PutUint64(b[n:], c.text)
	binary.LittleEndian.PutUint64(b[n+c.size:], w>>bit)
	return word - 1 + c.size
}

// runs bounds the bytes that appendRunes takes of a text, about.
const runs = 64

// appendRunes appends the beginning of s, rune by rune, and tells how many bytes of
// s that is.
func appendRunes(b []byte, s string) (_ []byte, size int) {
	for size < min(len(s), runs) {
		if c := s[size]; c < utf8.RuneSelf {
			if ascii[c].size > 1 {
				break
			}
			size++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[size:])
		if r == utf8.RuneError && n == 1 {
			return append(append(b, s[:size]...), `\ufffd`...), size + 1
		}
		size += n
	}
	b = append(b, s[:size]...)
	if size < min(len(s), runs) {
		c := &ascii[s[size]]
		n := len(b)
		return binary.LittleEndian.AppendUint64(b, c.text)[:n+c.size], size + 1
	}
	return b, size
}

// ascii is what each of these characters becomes in a JSON string.
var ascii = func() (t [utf8.RuneSelf]struct {
	text uint64
	size int
}) {
	for c := range t {
		text := string(rune(c))
		switch text {
		case `"`, `\`:
			text = `\` + text
		case "\n":
			text = `\n`
		case "\r":
			text = `\r`
		case "\t":
			text = `\t`
		default:
			if c < ' ' {
				text = fmt.Sprintf(`\u%04x`, c)
			}
		}
		var padded [word]byte
		t[c].size = copy(padded[:], text)
		t[c].text = binary.LittleEndian.Uint64(padded[:])
	}
	return t
}()
