package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Names of the environment variables that Discover and DataDir read.
const (
	EnvURL       = "FABRICBOOK_URL"
	EnvToken     = "FABRICBOOK_TOKEN"
	EnvTokenFile = "FABRICBOOK_TOKEN_FILE"
	EnvData      = "FABRICBOOK_DATA"
)

// File is the name in DataDir of the file by which a running controller is found.
const File = "controller.json"

// Location is how to reach a controller; it is the content of File.
type Location struct {
	URL   string `json:"url"`
	Token string `json:"token"`
}

// DataDir is the folder of everything that a controller keeps on this machine:
// FABRICBOOK_DATA, else fabricbook in XDG_STATE_HOME, else in ~/.local/state.
func DataDir() string {
	if d := os.Getenv(EnvData); d != "" {
		return d
	}
	if d := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(d) {
		return filepath.Join(d, "fabricbook")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		home = string(filepath.Separator)
	}
	return filepath.Join(home, ".local", "state", "fabricbook")
}

// Discover finds the controller: by FABRICBOOK_URL with its token where that is
// set, else by the file that a controller on this machine has announced.
func Discover() (*Client, error) {
	if u := os.Getenv(EnvURL); u != "" {
		token, err := environmentToken()
		if err != nil {
			return nil, err
		}
		return New(u, token)
	}
	loc, err := ReadLocation(DataDir())
	if err != nil {
		return nil, err
	}
	return New(loc.URL, loc.Token)
}

func environmentToken() (string, error) {
	if t := os.Getenv(EnvToken); t != "" {
		return t, nil
	}
	name := os.Getenv(EnvTokenFile)
	if name == "" {
		return "", fmt.Errorf("%s is set but no token is: set %s, or %s to a file that holds it", EnvURL, EnvToken, EnvTokenFile)
	}
	data, err := readPrivate(name)
	if err != nil {
		return "", fmt.Errorf("token file from %s: %w", EnvTokenFile, err)
	}
	token := strings.TrimSpace(string(data))
	if token == "" {
		return "", fmt.Errorf("token file %s from %s is empty: write the controller's token into it", name, EnvTokenFile)
	}
	return token, nil
}

// ReadLocation reads the announcement in dir. The file must be readable by its
// owner alone, since it holds the token.
func ReadLocation(dir string) (Location, error) {
	name := filepath.Join(dir, File)
	data, err := readPrivate(name)
	if errors.Is(err, fs.ErrNotExist) {
		return Location{}, &absentError{name, err}
	}
	if err != nil {
		return Location{}, err
	}
	loc, err := decodeLocation(data)
	if err != nil {
		return Location{}, fmt.Errorf(`%s: %w: restart the controller with "fabricbook up", which writes it anew`, name, err)
	}
	return loc, nil
}

// absentError says that no controller announces itself in a data folder.
type absentError struct {
	file string
	err  error
}

func (e *absentError) Error() string {
	return fmt.Sprintf(`no controller found: there is no %s; start one with "fabricbook up", name the data folder of one that runs in %s, or set %s and %s to reach one elsewhere`,
		e.file, EnvData, EnvURL, EnvTokenFile)
}

func (e *absentError) Unwrap() error { return e.err }

func decodeLocation(data []byte) (Location, error) {
	var loc Location
	if err := json.Unmarshal(data, &loc); err != nil {
		return Location{}, fmt.Errorf("not a controller's announcement: %w", err)
	}
	if _, err := New(loc.URL, loc.Token); err != nil {
		return Location{}, err
	}
	return loc, nil
}

// Announce writes loc into dir, readable by the owner alone, so that Discover
// finds it. A reader sees the old file or the new one, never a part.
func Announce(dir string, loc Location) error {
	data, err := json.Marshal(loc)
	if err != nil {
		return fmt.Errorf("announce controller: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("announce controller: %w", err)
	}
	f, err := os.CreateTemp(dir, "."+File+"-*") // created 0600
	if err != nil {
		return fmt.Errorf("announce controller: %w", err)
	}
	_, err = f.Write(append(data, '\n'))
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, File))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("announce controller: %w", err), os.Remove(f.Name()))
	}
	return nil
}

// Withdraw removes the announcement in dir where it still is loc, not that of
// a controller started later. An absent one is no error.
func Withdraw(dir string, loc Location) error {
	// One that cannot be read was not written by Announce.
	if present, err := ReadLocation(dir); err != nil || present != loc {
		return nil //nolint:nilerr // not this controller's file
	}
	if err := os.Remove(filepath.Join(dir, File)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("withdraw controller: %w", err)
	}
	return nil
}

func readPrivate(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode&0o077 != 0 {
		return nil, fmt.Errorf("%s holds a token but others may read it (mode %04o): chmod 600 %s, and restart the controller if others use this machine", name, mode, name)
	}
	if info.Size() > 64<<10 {
		return nil, fmt.Errorf("%s is %d bytes long: not a token or announcement", name, info.Size())
	}
	data := make([]byte, info.Size())
	n, err := f.ReadAt(data, 0)
	if n == len(data) {
		return data, nil
	}
	return nil, fmt.Errorf("read %s: %w", name, err)
}
