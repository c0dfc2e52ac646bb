package sim

import (
	"net/netip"
	"slices"
)

// table maps IPv4 prefixes to values, by longest match. Insertion and deletion
// cost the same at any size; a look-up costs one step for each length in use.
type table[V any] struct {
	byLength [33]map[uint32]V
	lengths  []uint8 // in use, longest first
}

func mask(bits int) uint32 { return uint32(^uint64(0) << (32 - bits)) }

func (t *table[V]) set(p netip.Prefix, v V) {
	n := p.Bits()
	if t.byLength[n] == nil {
		t.byLength[n] = make(map[uint32]V)
	}
	if len(t.byLength[n]) == 0 {
		at, _ := slices.BinarySearchFunc(t.lengths, uint8(n), func(e, k uint8) int { return int(k) - int(e) })
		t.lengths = slices.Insert(t.lengths, at, uint8(n))
	}
	t.byLength[n][toUint32(p.Addr())] = v
}

func (t *table[V]) get(p netip.Prefix) (V, bool) {
	v, ok := t.byLength[p.Bits()][toUint32(p.Addr())]
	return v, ok
}

func (t *table[V]) remove(p netip.Prefix) {
	n := p.Bits()
	if _, ok := t.get(p); !ok {
		return
	}
	delete(t.byLength[n], toUint32(p.Addr()))
	if len(t.byLength[n]) == 0 {
		t.lengths = slices.DeleteFunc(t.lengths, func(l uint8) bool { return int(l) == n })
		t.byLength[n] = nil
	}
}

// lookup returns the value of the longest prefix that holds a.
func (t *table[V]) lookup(a uint32) (v V, ok bool) {
	for _, n := range t.lengths {
		if v, ok = t.byLength[n][a&mask(int(n))]; ok {
			return v, true
		}
	}
	return v, false
}

// prefixes lists what is in the table, sorted.
func (t *table[V]) prefixes() []netip.Prefix {
	var list []netip.Prefix
	for _, n := range t.lengths {
		for a := range t.byLength[n] {
			list = append(list, netip.PrefixFrom(toAddr(a), int(n)))
		}
	}
	slices.SortFunc(list, netip.Prefix.Compare)
	return list
}
