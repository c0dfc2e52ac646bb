// Package lab sets up and supervises the JupyterLab that `fabricbook lab` (and
// so `make run`) opens: a Python environment of its own with pinned packages, a
// kernelspec in it, a folder of notebooks and the server process. It must not
// know the fabric; what the notebooks talk to is handed in as environment.
package lab
