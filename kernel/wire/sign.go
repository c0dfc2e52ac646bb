package wire

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"sync"
)

// replayWindow is how many of the last signatures are remembered at least.
const replayWindow = 1 << 15

// Signer signs and verifies messages with one connection's key. It may be used
// by many goroutines.
type Signer struct {
	key  []byte
	hash func() hash.Hash

	mu         sync.Mutex
	seen, last map[[sha256.Size]byte]struct{} // digests of signatures received, in two generations
}

// NewSigner returns the signer for a connection file's signature_scheme and
// key. With an empty key messages are neither signed nor verified.
func NewSigner(scheme, key string) (*Signer, error) {
	s := &Signer{key: []byte(key), seen: map[[sha256.Size]byte]struct{}{}}
	switch scheme {
	case "", "hmac-sha256":
		s.hash = sha256.New
	case "hmac-sha384":
		s.hash = sha512.New384
	case "hmac-sha512":
		s.hash = sha512.New
	default:
		return nil, fmt.Errorf("wire: signature_scheme %q is not known; use hmac-sha256", scheme)
	}
	return s, nil
}

// sign returns the signature of the four dictionaries, in hexadecimal digits.
func (s *Signer) sign(parts [][]byte) []byte {
	if len(s.key) == 0 {
		return nil
	}
	sum := s.sum(parts)
	return hex.AppendEncode(make([]byte, 0, 2*len(sum)), sum)
}

func (s *Signer) sum(parts [][]byte) []byte {
	mac := hmac.New(s.hash, s.key)
	for _, p := range parts {
		mac.Write(p)
	}
	return mac.Sum(nil)
}

// verify checks a received signature and that it comes for the first time.
func (s *Signer) verify(signature []byte, parts [][]byte) error {
	if len(s.key) == 0 {
		return nil
	}
	got := make([]byte, hex.DecodedLen(len(signature)))
	if _, err := hex.Decode(got, signature); err != nil {
		return ErrSignature
	}
	if !hmac.Equal(got, s.sum(parts)) {
		return ErrSignature
	}
	return s.first(sha256.Sum256(got))
}

// first remembers a signature and refuses one that is remembered.
func (s *Signer) first(digest [sha256.Size]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, old := s.last[digest]
	if _, dup := s.seen[digest]; dup || old {
		return fmt.Errorf("%w: replayed", ErrSignature)
	}
	if len(s.seen) >= replayWindow {
		s.last, s.seen = s.seen, map[[sha256.Size]byte]struct{}{}
	}
	s.seen[digest] = struct{}{}
	return nil
}
