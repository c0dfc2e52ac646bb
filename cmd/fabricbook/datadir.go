package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/fabricbook/fabricbook/netlib/client"
)

// dataDir is the folder of one running fabric. Its files are the owner's alone:
//
//	lock             held while the fabric runs
//	controller.json  URL and token of the API, while it runs
//	jupyter.token    the browser session's token
//	webhook.token    what Alertmanager must send
//	etcd/            the store
//	notebooks/       the operator's copies of the library
type dataDir struct {
	path string
	lock *os.File
}

// inDataDir runs what needs the folder while it holds the folder's lock.
func inDataDir(path string, run func(*dataDir) error) error {
	dir, err := openDataDir(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	return run(dir)
}

// openDataDir makes the folder where it is missing and takes its lock.
func openDataDir(path string) (*dataDir, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("data folder: %w; choose another with --data", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("data folder %s can be read by others (mode %04o); it holds tokens: chmod 700 %s", path, info.Mode().Perm(), path)
	}
	lock, err := os.OpenFile(filepath.Join(path, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		lock.Close()
		return nil, fmt.Errorf("a fabric already runs on the data folder %s%s; use that one, stop it, or choose another folder with --data", path, runningAt(path))
	}
	return &dataDir{path: path, lock: lock}, nil
}

// runningAt says where the fabric that holds the folder can be found.
func runningAt(path string) string {
	at, err := client.ReadLocation(path)
	if err != nil {
		return ""
	}
	return " (its API is at " + at.URL + ")"
}

func (d *dataDir) join(name string) string { return filepath.Join(d.path, name) }

// token reads a secret, or makes one of 256 random bits the first time.
func (d *dataDir) token(name string) (string, error) {
	b, err := os.ReadFile(d.join(name))
	if err == nil && len(strings.TrimSpace(string(b))) >= 32 {
		return strings.TrimSpace(string(b)), nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("token: %w", err)
	}
	t := rand.Text() + rand.Text()
	return t, d.write(name, []byte(t+"\n"))
}

// write replaces a file as a whole, readable by the owner only.
func (d *dataDir) write(name string, b []byte) error {
	tmp := d.join("." + name + ".new")
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	return os.Rename(tmp, d.join(name))
}

// Close gives the folder free.
func (d *dataDir) Close() error { return d.lock.Close() }
