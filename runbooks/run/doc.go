// Package run executes a notebook from top to bottom on an engine, without a
// front end, and leaves what a front end would have left: outputs, counts and
// times in the cells. What became of each cell and of the whole stands in the
// notebook's metadata under "fabricbook" and in [Result], honestly: a run that was
// stopped, ran out of time or lost its engine is never called done.
//
// It must not know what cells do, where the engine runs (in this process or in a
// child), or when and why a run is started.
package run
