package interp

// Standard lists the packages of the standard library that cells can import.
func Standard() []string { return importable(nil) }

// Items cuts a cell into its top-level items, each with the rest of its last line.
func Items(cell string) []string {
	var items []string
	for _, it := range split(cell) {
		end := it.end
		for end < len(cell) && cell[end] != '\n' {
			end++
		}
		items = append(items, cell[it.start:end])
	}
	return items
}

// Declares tells whether an item is a declaration of types, constants or a function.
func Declares(item string) bool {
	items := split(item)
	return len(items) > 0 && items[0].kind == declaration
}

// Goroutines is how many goroutines of an engine's cells there are.
func Goroutines(e *Engine) int { return e.tasks.goroutines(1 << 20) }
