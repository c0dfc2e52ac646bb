package wire

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestEveryByte puts each byte at each place of a word and behind each other one.
func TestEveryByte(t *testing.T) {
	for c := range 256 {
		for place := range 17 {
			text := strings.Repeat("x", place) + string([]byte{byte(c), byte(c)}) + "\"z" + strings.Repeat("y", 9)
			encoded, err := Marshal(Stream{Name: "stderr", Text: text})
			if err != nil {
				t.Fatal(err)
			}
			var got Stream
			if err := json.Unmarshal(encoded, &got); err != nil {
				t.Fatalf("%q: %s: %v", text, encoded, err)
			}
			if want := string([]rune(text)); got.Text != want || got.Name != "stderr" {
				t.Fatalf("%q became %q", text, got)
			}
		}
	}
}

func BenchmarkStream(b *testing.B) {
	for name, line := range map[string]string{"lines": "0123456789abcde\n", "short": "1\n", "quoted": "\"a\"=\"b\"\t", "utf8": "Grüße, 世界 "} {
		b.Run(name, func(b *testing.B) {
			s := Stream{Name: "stdout", Text: strings.Repeat(line, 256<<10/len(line))}
			b.SetBytes(int64(len(s.Text)))
			for b.Loop() {
				if _, err := Marshal(s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func FuzzStream(f *testing.F) {
	f.Add("a \"quoted\" \\ line\n\t\r\x00\x1b[31m é 世界 \U0001F600 \xff\xc3 \u2028")
	f.Fuzz(func(t *testing.T, text string) {
		encoded, err := Marshal(Stream{Name: "stdout", Text: text})
		if err != nil || !json.Valid(encoded) {
			t.Fatalf("%q: %s, %v", text, encoded, err)
		}
		var got Stream
		if err := json.Unmarshal(encoded, &got); err != nil {
			t.Fatal(err)
		}
		if got.Text != strings.ToValidUTF8(text, "\ufffd") && got.Text != string([]rune(text)) {
			t.Errorf("%q became %q", text, got.Text)
		}
	})
}
