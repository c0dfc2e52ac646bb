package runbooks

import "github.com/fabricbook/fabricbook/netlib/manifest"

// LoadText is Load of a fabric file's content; name stands for it in errors.
func (f *Fabric) LoadText(text []byte, name string) *Plan {
	edit, err := manifest.Decode(text, name)
	must("load "+name, err)
	return &Plan{fabric: f, title: name, edit: edit}
}
