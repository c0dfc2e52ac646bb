// Package alerts leads from an alert to the notebook that is prepared for it. It
// takes Alertmanager's webhook, keeps one [Episode] for each time an alert
// fires, chooses a notebook by rules that match labels, and answers a person's
// link with a redirect into JupyterLab at a copy of that notebook which holds the
// alert's labels as parameters.
//
// Everything in an alert comes from outside. Labels reach a notebook only as
// literals of a declared type, pages only escaped, file names and links not at
// all.
//
// The package must not know where episodes are stored, which networks the
// notebooks operate, or how a notebook is executed; it declares what it needs of
// others as small interfaces ([Store], [Folder], [Templates]).
package alerts
