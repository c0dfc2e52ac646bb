package runbooks

// LoadText is Load of a text; name stands for it in errors.
func (f *Fabric) LoadText(text []byte, name string) *Plan {
	panic("not yet")
}
