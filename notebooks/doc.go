// Package notebooks reads and writes Jupyter notebooks (nbformat 4.5) as plain
// values, injects parameters into them, and holds the embedded library of the
// project's own notebooks.
//
// It must not know how a cell is executed (runbooks/run), what the verbs in a
// cell mean (runbooks) or why a notebook is opened (alerts).
//
// Bytes: what Encode writes is what Jupyter's own writer writes for the same
// notebook, so that a file saved in JupyterLab and saved again here does not
// differ.
package notebooks
