package symbols

import "github.com/fabricbook/fabricbook/kernel/interp"

// displayPath is the package that cells have without an import, as gophernotes
// has it: display.HTML and its like, and Display.
const displayPath = "github.com/fabricbook/fabricbook/kernel/display"

// Packages lists the packages that cells can import.
func Packages() []*interp.Package {
	packages := generated()
	for _, p := range packages {
		if p.Path == displayPath {
			p.Known = []string{p.Name, "Display"}
		}
	}
	return packages
}
