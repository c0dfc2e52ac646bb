package zmq

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// alphabet is that of RFC 32/Z85.
const alphabet = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"

// decodeZ85 decodes a key of 40 characters.
func decodeZ85(s string) ([]byte, error) {
	if len(s) != keySize*5/4 {
		return nil, fmt.Errorf("%d characters, want %d of Z85", len(s), keySize*5/4)
	}
	var out []byte
	for group := 0; group < len(s); group += 5 {
		value := uint64(0)
		for i := range 5 {
			digit := strings.IndexByte(alphabet, s[group+i])
			if digit < 0 {
				return nil, fmt.Errorf("character %d is none of Z85", group+i+1)
			}
			value = value*85 + uint64(digit)
		}
		if value > 1<<32-1 {
			return nil, fmt.Errorf("characters %d to %d hold more than 32 bits", group+1, group+5)
		}
		out = binary.BigEndian.AppendUint32(out, uint32(value))
	}
	return out, nil
}
