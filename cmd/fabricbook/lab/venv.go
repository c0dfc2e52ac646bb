package lab

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// requirements pins JupyterLab and all that it needs, each with its hashes.
//
//go:embed requirements.txt
var requirements []byte

// Venv is a Python environment that holds exactly the pinned requirements.
type Venv struct{ Dir string }

// Bin is the path of one of the environment's programs.
func (v Venv) Bin(name string) string { return filepath.Join(v.Dir, "bin", name) }

// stamp is the file that names the requirements a finished set-up installed.
func (v Venv) stamp() string { return filepath.Join(v.Dir, ".fabricbook-requirements") }

func want() string {
	sum := sha256.Sum256(requirements)
	return hex.EncodeToString(sum[:])
}

// Current reports whether Ensure has nothing to do.
func (v Venv) Current() bool {
	got, err := os.ReadFile(v.stamp())
	if err != nil || strings.TrimSpace(string(got)) != want() {
		return false
	}
	_, err = os.Stat(v.Bin("jupyter-lab"))
	return err == nil
}

// Ensure makes the environment hold the pinned requirements and tells progress
// how many of how many packages have been fetched. An environment that is already
// so costs two reads of a file. A set-up that was cut short is done again. What
// Python's tools say goes to log, and its last lines into the error.
func (v Venv) Ensure(ctx context.Context, log io.Writer, progress func(done, total int)) error {
	if v.Current() {
		return nil
	}
	if err := os.Remove(v.stamp()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("python environment %s: %w", v.Dir, err)
	}
	if _, err := os.Stat(v.Bin("python")); err != nil {
		if err := v.create(ctx, log); err != nil {
			return err
		}
	}
	list := filepath.Join(v.Dir, "requirements.txt")
	if err := os.WriteFile(list, requirements, 0o644); err != nil {
		return fmt.Errorf("python environment %s: %w", v.Dir, err)
	}
	pip := exec.CommandContext(ctx, v.Bin("python"), "-m", "pip", "install", "--disable-pip-version-check",
		"--no-input", "--require-hashes", "--progress-bar", "off", "-r", list)
	said := &pipOutput{log: log, progress: progress, total: len(packages.FindAll(requirements, -1))}
	pip.Stdout, pip.Stderr = said, said
	if err := pip.Run(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("python environment %s: pip could not install the pinned packages (%w):\n%s\ncheck that this machine reaches its "+
			"Python package index, and start again", v.Dir, err, said.last())
	}
	return os.WriteFile(v.stamp(), []byte(want()+"\n"), 0o644)
}

// packages finds the pinned packages in the requirements; fetched, those that pip
// has dealt with in what it says.
var (
	packages = regexp.MustCompile(`(?m)^[A-Za-z0-9._-]+(\[[^\]]*\])?==`)
	fetched  = regexp.MustCompile(`^(Collecting|Ignoring|Requirement already satisfied:) `)
)

// pipOutput counts packages in what pip says and keeps its last lines.
type pipOutput struct {
	log         io.Writer
	progress    func(done, total int)
	done, total int
	rest        []byte
	tail        []string
}

func (o *pipOutput) Write(b []byte) (int, error) {
	o.rest = append(o.rest, b...)
	for {
		line, rest, ok := bytes.Cut(o.rest, []byte("\n"))
		if !ok {
			break
		}
		o.rest = rest
		o.tail = append(o.tail, string(line))
		o.tail = o.tail[max(0, len(o.tail)-12):]
		if fetched.Match(line) {
			o.done = min(o.done+1, o.total)
			o.progress(o.done, o.total)
		}
	}
	return o.log.Write(b)
}

func (o *pipOutput) last() string { return strings.Join(append(o.tail, string(o.rest)), "\n") }

func (v Venv) create(ctx context.Context, log io.Writer) error {
	python, err := exec.LookPath("python3")
	if err != nil {
		return errors.New("python3 is not installed; install it (Debian, Ubuntu: apt-get install python3 python3-venv) and start again")
	}
	if err := supported(ctx, python); err != nil {
		return err
	}
	var said bytes.Buffer
	mk := exec.CommandContext(ctx, python, "-m", "venv", "--clear", v.Dir)
	mk.Stdout, mk.Stderr = io.MultiWriter(log, &said), io.MultiWriter(log, &said)
	if err := mk.Run(); err != nil {
		if strings.Contains(said.String(), "ensurepip") {
			return errors.New("python3 has no venv module; install it (Debian, Ubuntu: apt-get install python3-venv) and start again")
		}
		return fmt.Errorf("python environment %s: python3 -m venv: %w", v.Dir, err)
	}
	return nil
}

// supported refuses a Python that the pinned packages do not run on.
func supported(ctx context.Context, python string) error {
	out, err := exec.CommandContext(ctx, python, "-c", "import sys; print('%d.%d' % sys.version_info[:2], sys.version_info >= (3, 10))").Output()
	if err != nil {
		return fmt.Errorf("%s does not run: %w", python, err)
	}
	version, ok, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	if ok != "True" {
		return fmt.Errorf("%s is Python %s; JupyterLab needs 3.10 or newer: put a newer python3 first in PATH", python, version)
	}
	return nil
}
