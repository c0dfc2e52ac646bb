package interp

// Standard lists the packages of the standard library that cells can import.
func Standard() []string { return importable(nil) }
