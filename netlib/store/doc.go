// Package store keeps the intent of a fabric in etcd, embedded by default or a
// cluster by endpoints, and small documents of other rooms beside it. It is the
// only importer of etcd.
//
// Intent is a log of entries, one for each applied edit. An entry becomes part
// of the intent by one transaction that swaps the head from the revision before
// it; until then nothing of it counts, so a crash at any moment leaves the old
// or the new intent. Entries larger than one request are kept in chunks that are
// written before the swap. Snapshots only shorten loading.
//
// This package must not know what an edit does to forwarding (compile) or who
// asked for it (controller).
package store
