package kernel

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/fabricbook/fabricbook/kernel/engine"
	"github.com/fabricbook/fabricbook/kernel/wire"
)

// BenchmarkStream is the way of text from the engine's sink to a signed message.
func BenchmarkStream(b *testing.B) {
	signer, err := wire.NewSigner("hmac-sha256", "secret")
	if err != nil {
		b.Fatal(err)
	}
	k := &Kernel{signer: signer}
	o := newOutput(func(parent json.RawMessage, msgType, topic string, content, metadata any, buffers [][]byte) error {
		_, err := k.encode(msgType, parent, content, metadata, [][]byte{[]byte(topic)}, buffers)
		return err
	}, false)
	o.begin(1, json.RawMessage("{}"))
	text := strings.Repeat("0123456789abcde\n", 4<<10)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		o.emit(engine.Event{Cell: 1, Stream: &engine.Stream{Name: "stdout", Text: text}})
	}
}
