package protocol

import (
	"slices"
	"testing"
)

func TestNullAmongIndicesIsNoIndex(t *testing.T) {
	t.Parallel()
	for payload, want := range map[string]Indices{
		`{"droplet":"a"}`:                      nil, // no filter
		`{"droplet":"a","indices":null}`:       nil,
		`{"droplet":"a","indices":[]}`:         {}, // a filter that nothing fits
		`{"droplet":"a","indices":[null]}`:     {},
		`{"droplet":"a","indices":[2,null,0]}`: {2, 0},
	} {
		got, err := Decode[StopRequest]([]byte(payload))
		if err != nil || !slices.Equal(got.Indices, want) || (got.Indices == nil) != (want == nil) {
			t.Errorf("%s: %#v, %v, want %#v", payload, got.Indices, err, want)
		}
	}
	if _, err := Decode[StopRequest]([]byte(`{"droplet":"a","indices":["0"]}`)); err == nil {
		t.Error("an index in quotes was taken")
	}
}
