package sim_test

import (
	"testing"

	"github.com/fabricbook/fabricbook/dataplane/planetest"
	"github.com/fabricbook/fabricbook/dataplane/sim"
)

func TestPlane(t *testing.T) {
	planetest.Run(t, planetest.Harness{New: func(*testing.T) planetest.Underlay { return sim.New() }})
}
