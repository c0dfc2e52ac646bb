package kernel

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fabricbook/fabricbook/kernel/enginetest"
)

// TestKeysThatDoNotFit never starts a kernel that speaks plainly where somebody
// asked for encryption.
func TestKeysThatDoNotFit(t *testing.T) {
	const public, secret = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7", "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"
	for _, c := range []struct{ public, secret, want string }{
		{public, "", "missing"},
		{"", secret, "missing"},
		{secret, public, "does not belong"},
		{public, secret[1:], "39 characters"},
		{public, secret, ""},
	} {
		file := filepath.Join(t.TempDir(), "connection.json")
		data, err := json.Marshal(map[string]any{"curve_publickey": c.public, "curve_secretkey": c.secret, "key": "k"})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		k, err := New(Config{ConnectionFile: file, Engine: enginetest.New})
		switch {
		case c.want == "" && err != nil:
			t.Errorf("keys that fit: %v", err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "curve_publickey")):
			t.Errorf("%s and %s: error %v, want %q", c.public, c.secret, err, c.want)
		}
		if err == nil {
			k.Close()
		}
	}
}
