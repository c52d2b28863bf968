package process

import "testing"

// One look is what measuring all instances of a DEA costs, and several are what a stop costs.
func BenchmarkLookAtProcessTable(b *testing.B) {
	for b.Loop() {
		if _, err := (procfs{}).all(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
