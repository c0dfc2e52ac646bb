package wire

import (
	"encoding/json"
	"strings"
	"testing"
)

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
