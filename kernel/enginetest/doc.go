// Package enginetest is an engine for tests: its cells are scripts of one
// command a line, so that what the kernel and the worker do with an engine can
// be tested without an interpreter. Nothing but tests imports it.
//
//	print TEXT       write a line to standard output by the sink
//	// TEXT          nothing
//	part TEXT        print TEXT without the end of the line
//	secret TEXT      declare TEXT to be masked
//	eprint TEXT      write a line to standard error by the sink
//	host TEXT        write a line to file descriptor 1
//	ehost TEXT       write a line to file descriptor 2
//	many N           print N numbered lines
//	bytes N          print N bytes, in lines of 100
//	html TEXT        display HTML
//	show ID TEXT     display TEXT under an id
//	update ID TEXT   replace what is shown under an id
//	clear            clear the output
//	ask PROMPT       ask and print the answer; "password PROMPT" likewise
//	set NAME VALUE   keep a value from cell to cell
//	result NAME      the value kept under NAME is the cell's result, else NAME itself
//	fail MESSAGE     fail
//	block            wait until interrupted
//	stuck            print "deaf", then wait for ever, deaf to interrupts
//	later TEXT       print TEXT when the cell "go" comes
//	go               let all "later" lines print
//	die              end the process as a fatal error of the Go runtime does
//	exit N           end the process with a status
package enginetest
