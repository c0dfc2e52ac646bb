package alerts

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fabricbook/fabricbook/notebooks"
)

// Templates are the notebooks that rules may name, without extension.
type Templates interface {
	Names() []string // sorted
	Open(name string) (notebooks.Notebook, error)
}

// Folder is where JupyterLab finds the copies.
type Folder interface {
	// Create writes a notebook under a file name, unless one of that name is
	// there: then created is false and the file as it was. It is on disk when
	// Create returns.
	Create(ctx context.Context, file string, nb notebooks.Notebook) (created bool, err error)
}

// Shelf is the library and, before it, the operator's own notebooks in Dir; an
// empty Dir is the library alone.
type Shelf struct{ Dir string }

// Names implements Templates.
func (s Shelf) Names() []string {
	names := notebooks.Names()
	if s.Dir != "" {
		files, _ := filepath.Glob(filepath.Join(s.Dir, "*"+notebooks.Ext)) // a folder's name may hold no pattern; then only the library counts
		for _, f := range files {
			names = append(names, strings.TrimSuffix(filepath.Base(f), notebooks.Ext))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Open implements Templates.
func (s Shelf) Open(name string) (notebooks.Notebook, error) {
	if !filepath.IsLocal(name) || strings.ContainsAny(name, `/\`) {
		return notebooks.Notebook{}, fmt.Errorf("notebook %q: want a name without folders", name)
	}
	if s.Dir != "" {
		nb, err := notebooks.ReadFile(filepath.Join(s.Dir, name+notebooks.Ext))
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return nb, err
		}
	}
	return notebooks.Open(name)
}

// Dir is a Folder on disk. It is made when the first notebook is. File names
// cannot leave it, not by symbolic links either.
type Dir string

// Create implements Folder.
func (d Dir) Create(_ context.Context, file string, nb notebooks.Notebook) (created bool, err error) {
	data, err := notebooks.Encode(nb)
	if err != nil {
		return false, err
	}
	if err := os.MkdirAll(string(d), 0o755); err != nil {
		return false, err
	}
	root, err := os.OpenRoot(string(d))
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	if _, err := root.Lstat(file); err == nil {
		return false, nil
	}
	tmp := ".fabricbook-" + rand.Text() + ".tmp"
	defer func() { err = errors.Join(err, root.Remove(tmp)) }()
	if err := writeSynced(root, tmp, data); err != nil {
		return false, err
	}
	err = root.Link(tmp, file)
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	return err == nil, err
}

func writeSynced(root *os.Root, name string, data []byte) error {
	f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}
