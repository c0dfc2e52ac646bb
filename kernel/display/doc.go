// Package display turns Go values into MIME bundles and shows them from inside
// a cell.
//
// A value decides itself how it looks by its methods, found by their names and
// signatures alone, so that no library has to import this package:
//
//	HTML() string          Markdown() string    LaTeX() string (or Latex)
//	SVG() string           Mermaid() string     VegaLite() any
//	PNG() []byte           JPEG() []byte        JSON() any value
//	MIMEBundle() map[string]any or Bundle       String() string, Error() string
//
// The functions of the same names wrap ready-made text or bytes. These names
// and Render, SimpleRender and MIMEMap are the conventions of gophernotes, so
// that its notebooks keep working.
//
// The package must not know the Jupyter protocol: whoever runs cells installs a
// Publisher. Without one, as on the command line, everything shown is printed
// to standard output as text.
package display
