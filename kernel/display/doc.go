// Package display turns Go values into MIME bundles and shows them from inside
// a cell. It keeps the conventions of gophernotes (functions HTML, SVG, PNG...;
// values with HTML(), SVG(), ... methods show themselves) and must not know the
// protocol: whoever runs the cell installs a Publisher.
package display
