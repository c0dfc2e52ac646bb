// Package manifest reads and writes fabric files: intent as YAML (or JSON) that
// people write by hand.
package manifest
