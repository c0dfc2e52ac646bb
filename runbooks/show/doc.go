// Package show describes a display once, as a card of lines, tables and
// pictures, and renders it as HTML for notebooks and as text for terminals.
//
// The HTML uses only the elements and inline styles that JupyterLab's sanitiser
// keeps in a notebook that is not trusted, inherits text colours so that light
// and dark themes both read well, and escapes everything: all strings are taken
// as hostile. Tones mean state (green in force, amber pending, red wrong) and
// always come with a symbol. The package must not know what it shows.
package show
