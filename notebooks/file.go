package notebooks

import (
	"fmt"
	"os"
	"path/filepath"
)

// ReadFile reads and parses a notebook file.
func ReadFile(path string) (Notebook, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Notebook{}, err
	}
	nb, err := Parse(data)
	if err != nil {
		return Notebook{}, fmt.Errorf("%s: %w", path, err)
	}
	return nb, nil
}

// WriteFile writes a notebook so that a reader sees the old file or the new one
// whole, and so that it is on disk when WriteFile returns. An existing file keeps
// its mode, a new one gets 0644.
func WriteFile(path string, nb Notebook) error {
	data, err := Encode(nb)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return writeAtomic(path, data)
}

func writeAtomic(path string, data []byte) (err error) {
	mode := os.FileMode(0o644)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".fabricbook-*.tmp")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = tmp.Close()
			_ = os.Remove(tmp.Name())
		}
	}()
	if _, err = tmp.Write(data); err != nil {
		return err
	}
	if err = tmp.Chmod(mode); err != nil {
		return err
	}
	if err = tmp.Sync(); err != nil {
		return err
	}
	if err = tmp.Close(); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
