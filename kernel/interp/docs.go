package interp

// docs finds documentation by package path and name.
type docs struct {
	packages map[string]*Package
}

func newDocs(packages []*Package) *docs {
	d := &docs{packages: map[string]*Package{}}
	for _, p := range packages {
		d.packages[p.Path] = p
	}
	return d
}

// of is what is known of an exported name: "Name", "Type.Method", "Type.Field",
// or "" for the package.
func (d *docs) of(path, name string) (Doc, bool) {
	p, ok := d.packages[path]
	if !ok {
		return Doc{}, false
	}
	doc, ok := p.Docs[name]
	return doc, ok
}
