package interp

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/json"
	"sync"
)

//go:embed standard.docs.gz
var standardDocs []byte

// readStandardDocs decodes the documentation of the standard library at its
// first use, by path and name.
var readStandardDocs = sync.OnceValue(func() map[string]map[string]Doc {
	all := map[string]map[string]Doc{}
	z, err := gzip.NewReader(bytes.NewReader(standardDocs))
	if err == nil {
		err = json.NewDecoder(z).Decode(&all)
	}
	if err != nil {
		panic("interp: the embedded documentation is damaged: " + err.Error())
	}
	return all
})

// docs finds documentation by package path and name.
type docs struct {
	packages map[string]func() map[string]Doc
	names    map[string]string // of the packages handed in, by path
}

func newDocs(packages []*Package) *docs {
	d := &docs{packages: map[string]func() map[string]Doc{}, names: map[string]string{}}
	for _, p := range packages {
		d.names[p.Path] = p.Name
		if p.Docs != nil {
			d.packages[p.Path] = sync.OnceValue(p.Docs)
		}
	}
	return d
}

// of is what is known of an exported name: "Name", "Type.Method", "Type.Field",
// or "" for the package.
func (d *docs) of(path, name string) (Doc, bool) {
	if own, ok := d.packages[path]; ok {
		doc, ok := own()[name]
		return doc, ok
	}
	doc, ok := readStandardDocs()[path][name]
	return doc, ok
}
