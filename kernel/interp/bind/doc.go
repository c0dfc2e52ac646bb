// Command bind generates what the interpreter needs to let cells import compiled
// packages: for each a value of type interp.Package with its exported types,
// functions, variables and constants, and with the documentation, signatures
// and names of parameters that completion and inspection show.
//
//	bind -package symbols -o DIR PATH...        one file a package, and Packages() for all
//	bind -docs FILE PATH...                     documentation only, compressed
//
// It needs the Go tool chain, which the interpreter itself does not. What it
// cannot bind because it is generic it names on standard error.
package main
