package debug

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strconv"
)

// Seed is the seed of the hash in sources' paths.
const Seed = 0xc70f6907

// Paths makes the path under which front end and kernel know the source of a cell:
// Prefix, its hash, Suffix. There is no such file: a source can hold secrets, and
// whoever wants the text asks for it.
type Paths struct{ Prefix, Suffix string }

// NewPaths makes the paths of this process. JupyterLab calls a source by its cell's
// number only if the path holds "ipykernel_".
func NewPaths() Paths {
	dir := filepath.Join(os.TempDir(), "fabricbook_ipykernel_"+strconv.Itoa(os.Getpid()))
	return Paths{Prefix: dir + string(filepath.Separator), Suffix: ".go"}
}

// Of is the path of a source.
func (p Paths) Of(source string) string {
	return p.Prefix + strconv.FormatUint(uint64(Murmur2([]byte(source), Seed)), 10) + p.Suffix
}

// Murmur2 is the 32-bit MurmurHash2, the one hash method that front ends know.
func Murmur2(data []byte, seed uint32) uint32 {
	const m = 0x5bd1e995
	h := seed ^ uint32(len(data))
	for ; len(data) >= 4; data = data[4:] {
		k := binary.LittleEndian.Uint32(data) * m
		k = (k ^ k>>24) * m
		h = h*m ^ k
	}
	if n := len(data); n > 0 {
		for i := n - 1; i >= 0; i-- {
			h ^= uint32(data[i]) << (8 * i)
		}
		h *= m
	}
	h = (h ^ h>>13) * m
	return h ^ h>>15
}
