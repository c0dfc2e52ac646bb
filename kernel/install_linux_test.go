package kernel

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// nobody is a user whom permissions stop.
const nobody = 65534

// TestInstallIntoAClosedFolder installs as a user who may not write there. Root takes
// nobody's rights to files, on a thread that ends with the goroutine.
func TestInstallIntoAClosedFolder(t *testing.T) {
	prefix := t.TempDir()
	for folder, mode := range map[string]os.FileMode{filepath.Dir(prefix): 0o755, prefix: 0o555} {
		if err := os.Chmod(folder, mode); err != nil {
			t.Fatal(err)
		}
	}
	var dir string
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if os.Geteuid() == 0 {
			if err = unix.Setfsuid(nobody); err != nil {
				return
			}
		}
		dir, err = Install(InstallOptions{Prefix: prefix})
	}()
	<-done
	if !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), "--user") {
		t.Errorf("installed in %q, error %v", dir, err)
	}
}
