// Package safety keeps operators safe at a live notebook, in whatever front end
// they use: it knows cells by their ids and sees each before it runs and all that
// it puts out.
//
//   - Journal records every execution before it starts and when it ended.
//   - Masker replaces secrets in everything shown and stored.
//   - Digest shortens long output and keeps all of it in a file.
//   - Runbook enforces the order of steps and freezes those that are finished.
//
// # How a notebook declares itself a runbook
//
// The kernel does not see a notebook. JupyterLab and Notebook 7 tell it the path of
// the file at its start (JPY_SESSION_NAME) and the id of each cell, VS Code both in
// the place of the id (address.go); other front ends tell less, and none tells the
// notebook's metadata. So there are two ways, and a notebook may use both:
//
//   - In the file: "fabricbook": {"runbook": true} in the notebook's metadata. The
//     code cells are its steps, in the order of the saved file; a cell that is not
//     in the file runs at any time. This needs a front end that tells the path.
//
//   - In the cells: comments among the first lines of a cell, which every front end
//     sends, and which are Go comments to everyone else:
//
//     //fabricbook:runbook         the session is a runbook from here on
//     //fabricbook:step 3          this cell is step 3: 1 and 2 come before it
//     //fabricbook:repeatable      this cell is never frozen
//
//     A step says by itself that it is one, so the order holds even where the
//     first cell was not run. In the file the tag "repeatable" says the same as
//     the last of these comments.
//
// A cell that has ended well is frozen: to run it again, changed or not, is
// refused with engine.Frozen. To change a cell is the most common way to run a
// step twice by accident, so a changed cell is no new step. One that failed or
// was interrupted is not frozen. These lines are the deliberate ways around; what
// follows them is the reason, which the journal keeps:
//
//	%unfreeze REASON         first line of a cell: run it once more
//	%unfreeze all REASON     alone in a cell: unfreeze every cell
//	%unfreeze 3 REASON       alone in a cell: unfreeze one, by step or cell id
//	%skip REASON             first line of a cell: count it as done, do not run it
//	%steps                   alone in a cell: list the steps and their states
//
// All of it is forgotten with the kernel: after a restart the variables are gone
// too, and every front end asks before it restarts.
//
// The package must not know the Jupyter protocol, networks, or how cells run.
package safety
