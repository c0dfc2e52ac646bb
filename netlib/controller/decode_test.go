package controller

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/fabricbook/fabricbook/netlib"
	"github.com/fabricbook/fabricbook/netlib/api"
)

const goodPlan = `{"title":"t","base":3,"hash":"h","objects":null,"edit":{
	"nodes":[{"name":"n","tunnel":"192.0.2.1"}],
	"segments":[{"name":"s","subnets":["10.0.0.0/24"],"targets":{"both":["64512:7"]}}],
	"securityGroups":[{"name":"g","rules":[{"direction":"in","protocol":"tcp","portFrom":22,"portTo":22,"prefix":"0.0.0.0/0"}]}],
	"ports":[{"name":"p","segment":"s","node":"n"}],
	"delete":[{"kind":"port","name":"q"}]}}`

func TestDecodeReadsWhatJSONReads(t *testing.T) {
	got, err := decode[api.Plan]([]byte(goodPlan))
	var want api.Plan
	if err := json.Unmarshal([]byte(goodPlan), &want); err != nil {
		t.Fatal(err)
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("decode:\n got %+v, %v\nwant %+v", got, err, want)
	}
}

func TestDecodeTellsAllAtOnce(t *testing.T) {
	_, err := decode[api.PlanRequest]([]byte(`{"edit":{"nodes":[{"name":"n","tunnel":"x"},{"tunnel":7}],"color":1}}`))
	var e *netlib.Error
	if !errors.As(err, &e) || len(e.Problems) != 3 {
		t.Fatalf("decode = %v; want three problems", err)
	}
	fields := []string{e.Problems[0].Field, e.Problems[1].Field, e.Problems[2].Field}
	if want := []string{"edit.color", "edit.nodes[n].tunnel", "edit.nodes[1].tunnel"}; !reflect.DeepEqual(fields, want) {
		t.Errorf("fields = %v; want %v", fields, want)
	}
}

func TestDecodeBoundsProblems(t *testing.T) {
	_, err := decode[api.PlanRequest]([]byte(`{"edit":{"nodes":[` + strings.Repeat("1,", 1000) + `1]}}`))
	var e *netlib.Error
	if !errors.As(err, &e) || len(e.Problems) != maxProblems {
		t.Errorf("decode of 1001 faults told %d", len(e.Problems))
	}
}

func FuzzDecodePlan(f *testing.F) {
	f.Add([]byte(goodPlan))
	f.Add([]byte(`{"edit":[]}`))
	f.Add([]byte(strings.Repeat("[", 100)))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := decode[api.Plan](data)
		if err != nil {
			return
		}
		again, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		if twice, err := decode[api.Plan](again); err != nil || !reflect.DeepEqual(twice, got) {
			t.Errorf("%s decodes, but what is written of it does not: %v", data, err)
		}
	})
}

func FuzzDecodeProbe(f *testing.F) {
	f.Add([]byte(`{"from":"a","to":"b","proto":"tcp","port":22,"timeout":1000000000}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if q, err := decode[api.ProbeRequest](data); err == nil {
			_ = completeProbe(&q)
		}
	})
}
