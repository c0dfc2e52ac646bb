package interp

// ownStandard lists the packages of the standard library that this package
// binds itself.
func ownStandard() []*Package { return nil }
